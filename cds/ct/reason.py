"""Why a CT, a series or a level cannot be used: a code and a sentence a clinician understands.

One table holds every sentence, so that wording is reviewed, and later translated, in one place.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

SENTENCES: Mapping[str, str] = MappingProxyType(
    {
        # which CT and which series
        "no-prior-ct": "No earlier CT of this patient was found in the archive.",
        "scan-too-old": "The CT of {study_date} is older than the {max_age_days} days this site accepts.",
        "scan-date-unknown": "The date of the CT is not recorded, and this site accepts CTs of at most {max_age_days} days.",
        "not-ct": "The series is {modality}, not CT.",
        "localizer": "The series is a localizer (scout view).",
        "derived-series": "The series is derived or reformatted ({image_type}), not original axial CT.",
        "enhanced-multiframe": "The series is an enhanced multi-frame CT, which is not supported yet.",
        "too-few-slices": "The series has {count} slices; at least {minimum} are needed.",
        "slices-too-thick": "The slices are {thickness_mm:.1f} mm thick; at most {maximum_mm:.0f} mm can be measured.",
        "body-part-without-spine": "The series shows {body_part}, without thoracic or lumbar spine.",
        "kvp-missing": "The tube voltage (kVp) is not recorded, so density cannot be calibrated.",
        "kvp-outside": "The tube voltage of {kvp:g} kVp is outside the calibrated range of 70 to 150 kVp.",
        "spectral-filter": "The scan was made with a tin or other spectral filter, for which there is no calibration.",
        "virtual-monoenergetic": "The series is a dual-energy or virtual monoenergetic reconstruction, for which there is no calibration.",
        "kernel-emulates-kvp": "The reconstruction kernel {kernel} imitates another tube voltage, for which there is no calibration.",
        "photon-counting": "The scanner counts photons by energy; there is no calibration for its images yet.",
        "better-series": "Another series of the same patient suits the measurement better: {why}.",
        # geometry and pixels
        "mixed-series": "The images do not form one grid: {what} differs between slices.",
        "orientation-not-axial": "The slices are tilted by {tilt_deg:.1f} degrees against the axial plane; at most {maximum_deg:.0f} degrees can be measured.",
        "gantry-tilt": "The gantry was tilted by {tilt_deg:.1f} degrees; at most {maximum_deg:.0f} degrees can be measured.",
        "slices-too-far-apart": "The slices lie {spacing_mm:.1f} mm apart; at most {maximum_mm:.0f} mm can be measured.",
        "slices-missing": "{count} slice(s) are missing, the first near slice position {position_mm:.1f} mm.",
        "slices-duplicate": "{count} slice position(s) occur more than once, the first at {position_mm:.1f} mm, with different pixels.",
        "spacing-not-uniform": "The distance between slices varies from {smallest_mm:.2f} to {largest_mm:.2f} mm.",
        "geometry-missing": "An image carries no {attribute}, so its place in the body is unknown.",
        "rescale-wrong": "The pixel values are in {unit}, not Hounsfield units.",
        "rescale-missing": "The images carry no rescale slope and intercept, so Hounsfield units are unknown.",
        "air-out-of-range": "Air outside the body reads {air_hu:.0f} HU instead of about -1000; the scale of this series is wrong.",
        "pixels-unreadable": "{count} image(s) could not be decoded, the first: {what}.",
        "image-truncated": "{count} image file(s) are cut short: {what}.",
        "compression-unsupported": "The images are stored in transfer syntax {transfer_syntax}, which cannot be decoded.",
        "pixels-lossy": "The images were compressed with loss, which changes Hounsfield units.",
        # the patient's own tissues
        "tissues-implausible": "The scale of the images is in doubt: {found}, which such tissue does not.",
        "spectrum-mismatch": "Fat under the skin does not read as it should at the recorded {kvp:g} kVp: the tube voltage or a filter differs from what is recorded.",
        "calibrations-disagree": "Calibrations by different tissues of the patient disagree by {difference_mg_cm3:.0f} mg/cm3, so none can be trusted.",
        # anatomy
        "no-anatomy": "The images show no anatomy: they are empty, uniform, or noise alone.",
        "orientation-upside-down": "The images seem to show the patient upside down, against their own orientation labels.",
        "orientation-front-to-back": "The images seem to show the patient's front where their orientation labels say back.",
        "orientation-sideways": "The images seem to show the patient turned to a side, against their own orientation labels.",
        "no-vertebra-found": "No measurable vertebra between T7 and L3 was found in this scan.",
        "numbering-uncertain": "The vertebrae could not be named with enough confidence.",
        # one level
        "level-cut": "The vertebra is cut by the edge of the scan.",
        "level-roi-small": "The trabecular region is {roi_cm3:.1f} cm3; at least {minimum_cm3:.1f} cm3 are needed.",
        "level-too-few-slices": "Only {count} slices cross the trabecular region; at least {minimum} are needed.",
        "level-noisy": "Image noise leaves the mean uncertain by {sem_hu:.1f} HU; at most {maximum_hu:.0f} HU are accepted.",
        "level-sharp-noise": "The reconstruction kernel is sharp and soft tissue scatters by {noise_hu:.0f} HU; at most {maximum_hu:.0f} HU are accepted.",
        "level-metal": "Metal or cement lies in or near the vertebra.",
        "level-outlier": "The vertebra differs by {difference_mg_cm3:.0f} mg/cm3 from its neighbours.",
        "level-outside-body": "The outline found for this level is not a plausible vertebral body.",
        "level-size": "The outline ({height_mm:.0f} mm high, {section_cm2:.0f} cm2 across, {volume_cm3:.0f} cm3) has not the size of this vertebra in adults.",
        "level-uneven-outline": "The outline differs in size by {percent:.0f} % from what the vertebrae beside it suggest.",
        "level-asymmetric": "The outline differs between left and right by {percent:.0f} %, so it holds more or less than the vertebral body.",
        "level-without-canal": "The spinal canal was not seen behind the outline, so it may not be a vertebral body.",
        "level-canal": "The spinal canal lies {distance_mm:.0f} mm from the outline, {angle_deg:.0f} degrees off straight back, which is not where a vertebra has it.",
        "level-edge": "The outline does not lie on the edges of a bone in the images.",
        "level-sclerotic": "More than {percent:.0f} % of the trabecular region is denser than {dense_hu:.0f} HU.",
        "level-fracture": "The height is reduced by {loss_percent:.0f} %, which suggests a fracture; a compressed vertebra reads too dense.",
        "body-size-outside": "A water-equivalent diameter of {diameter_cm:.0f} cm is outside the calibrated range of {minimum_cm:.0f} to {maximum_cm:.0f} cm.",
        "level-not-needed": "Not needed for the result.",
        # one level, as a named reader sees it
        "level-fracture-read": "A reader sees a fracture here and has left the vertebra out.",
        "level-outline-read": "A reader finds the vertebra outlined or measured in the wrong place and has left it out.",
        "level-lesion-read": "A reader sees something here that is not trabecular bone, and has left the vertebra out.",
        # identity
        "patient-mismatch": "The images do not belong to the patient of this order.",
        "patient-ambiguous": "The images found under this identifier belong to more than one patient.",
        "identity-unverified": "The archive has no birth date or sex to confirm the patient, and this site requires one.",
        "age-below-18": "The patient was younger than 18 at the time of the scan.",
    }
)


@dataclass(frozen=True, slots=True)
class Reason:
    """A code from `SENTENCES` and its sentence, filled in."""

    code: str
    text: str


def because(code: str, **facts: object) -> Reason:
    """Build a reason; raises KeyError for an unknown code or a missing fact."""
    return Reason(code, SENTENCES[code].format(**facts))


@dataclass(frozen=True, slots=True)
class NotAssessable:
    """A result: this cannot be measured, and why. Never empty, never an exception."""

    reasons: tuple[Reason, ...]

    def __post_init__(self) -> None:
        """Refuse to exist without a reason."""
        if not self.reasons:
            msg = "NotAssessable needs at least one reason"
            raise ValueError(msg)
