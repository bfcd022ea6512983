"""Every refusal and flag that is asked without a number: how grave, what is looked at, and why.

With `cds.bone.gates` and `cds.bone.outline_gates` this is the whole of what can refuse a CT, drop a vertebra
or leave a flag. Sentences: `cds.ct.reason` for refusals, `cds.bone.words` for flags.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from cds.bone.gates import Severity


@dataclass(frozen=True, slots=True)
class Rule:
    """One question with yes or no for an answer."""

    severity: Severity
    looks_at: str
    source: str


REFUSALS: Mapping[str, Rule] = MappingProxyType(
    {
        # which CT
        "no-prior-ct": Rule("refuse", "the archive", "nothing to measure"),
        "scan-too-old": Rule("refuse", "StudyDate", "the site's choice"),
        "scan-date-unknown": Rule("refuse", "StudyDate", "the site's choice"),
        "better-series": Rule("refuse", "the other series of the patient", "one measurement is enough"),
        "not-ct": Rule("refuse", "Modality", "other modalities have no HU"),
        "localizer": Rule("refuse", "ImageType, names", "a projection has no HU of one place"),
        "derived-series": Rule("refuse", "ImageType, SOP class, names", "PS3.3 C.8.2.1.1.1: original axial images"),
        "enhanced-multiframe": Rule("refuse", "SOP class", "not built"),
        "too-few-slices": Rule("refuse", "instances: at least 8", "engineering: one vertebra in 5 mm slices"),
        "body-part-without-spine": Rule("refuse", "BodyPartExamined", "no vertebra to measure"),
        "kvp-missing": Rule("refuse", "KVP", "the slope depends on it"),
        "spectral-filter": Rule("refuse", "FilterType, FilterMaterial, names", "Sn100 read as 100 kVp: 20 % too low"),
        "virtual-monoenergetic": Rule("refuse", "ImageType, (0018,9361), names", "no slope table for such images"),
        "kernel-emulates-kvp": Rule("refuse", "ConvolutionKernel, names", "HU no longer follow the tube voltage"),
        "photon-counting": Rule("refuse", "ManufacturerModelName, names", "no slope table for such images"),
        "rescale-wrong": Rule("refuse", "RescaleType", "PS3.3 C.8.2.1: absent means HU"),
        # geometry and pixels
        "mixed-series": Rule("refuse", "orientation, pixels and position of every image", "one grid"),
        "slices-too-far-apart": Rule("refuse", "ImagePositionPatient", "endplates leak into the region"),
        "slices-missing": Rule("refuse", "ImagePositionPatient", "a gap hides what lies in it"),
        "slices-duplicate": Rule("refuse", "ImagePositionPatient, pixels", "two different truths for one place"),
        "spacing-not-uniform": Rule("refuse", "ImagePositionPatient", "one grid"),
        "geometry-missing": Rule("refuse", "position, orientation, pixel spacing", "one grid"),
        "rescale-missing": Rule("refuse", "RescaleSlope, RescaleIntercept", "HU unknown"),
        "pixels-unreadable": Rule("refuse", "PixelData", "nothing to measure"),
        "image-truncated": Rule("refuse", "PixelData", "nothing to measure"),
        "compression-unsupported": Rule("refuse", "transfer syntax", "nothing to measure"),
        "pixels-lossy": Rule("refuse", "LossyImageCompression", "the site's choice; else a flag"),
        # anatomy
        "no-anatomy": Rule("refuse", "voxels", "nothing to measure"),
        "orientation-upside-down": Rule("refuse", "the outlined column and its pedicles", "names would be wrong"),
        "orientation-front-to-back": Rule("refuse", "the outlined column", "the region would lie in the arch"),
        "orientation-sideways": Rule("refuse", "the outlined column", "the region would lie wrongly"),
        "no-vertebra-found": Rule("refuse", "the outlined column", "nothing to measure"),
        "numbering-uncertain": Rule("refuse", "confidence of the names: below 0.02", "a value of unknown levels"),
        "level-cut": Rule("drop level", "outline at the edge of the volume", "a part is not the vertebra"),
        "level-without-canal": Rule("drop level", "the canal behind the outline", "may be no vertebra"),
        "level-fracture-read": Rule("drop level", "the images, by a named reader", "a correction of the result"),
        "level-outline-read": Rule("drop level", "the images, by a named reader", "a correction of the result"),
        "level-lesion-read": Rule("drop level", "the images, by a named reader", "a correction of the result"),
        "level-not-needed": Rule("drop level", "the other levels", "L1 and L2 are enough"),
        # identity
        "patient-mismatch": Rule("refuse", "PatientID, birth date, sex", "a wrong patient is the worst error"),
        "patient-ambiguous": Rule("refuse", "patients under one identifier", "a wrong patient is the worst error"),
        "identity-unverified": Rule("refuse", "birth date and sex", "the site's choice; else a flag"),
    }
)

FLAGS: Mapping[str, Rule] = MappingProxyType(
    {
        "age-unknown": Rule("flag", "PatientBirthDate, PatientAge", "thresholds are for 50 years and over"),
        "contrast-enhanced": Rule("flag", "aorta over 70 HU", "iodine in marrow raises the reading"),
        "contrast-unknown": Rule("flag", "aorta, ContrastBolusAgent", "treated as contrast"),
        "focal-low": Rule("flag", "a level dropped as outlier, below the others", "lysis, haemangioma, radiotherapy"),
        "fov-truncated": Rule("flag", "body at the edge of the field of view", "24 cm read for 30 cm: slope + 4.4 %"),
        "height-loss-mild": Rule("flag", "loss of height of 20 to 25 %", "Genant 1993"),
        "height-loss-moderate": Rule("flag", "loss of height of 25 to 40 %", "Genant 1993"),
        "height-loss-severe": Rule("flag", "loss of height over 40 %", "Genant 1993"),
        "identity-unverified": Rule("flag", "birth date and sex", "nothing to confirm the patient by"),
        "kernel-sharp": Rule("flag", "ConvolutionKernel", "more noise, edges overdrawn"),
        "level-ambiguous": Rule("flag", "confidence of the names: below 0.6", "one level up or down"),
        "lossy-compression": Rule("flag", "LossyImageCompression, transfer syntax", "HU may have changed"),
        "mirrored": Rule("flag", "side of liver and heart", "images may be exchanged left for right"),
        "near-80": Rule("flag", "the interval", "it crosses 80 mg/cm3"),
        "near-120": Rule("flag", "the interval", "it crosses 120 mg/cm3"),
        "scanner-not-calibrated": Rule("flag", "calibrations on file", "slopes of scanners spread by 8 %"),
        "single-level": Rule("flag", "usable levels", "spread between vertebrae"),
        "streak": Rule("flag", "blood over 300 HU within 10 mm of the region", "beam hardening"),
        "thoracic-estimate": Rule("flag", "usable levels", "far less certain than L1 and L2"),
    }
)
