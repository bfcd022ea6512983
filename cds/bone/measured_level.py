"""Measure one vertebra: size of the patient there, calibration, region, density."""

from dataclasses import dataclass
from typing import Final, Protocol

from cds.bone.anatomy import MaskGrid
from cds.bone.assessment import Calibration, ContrastState, LevelMeasurement
from cds.bone.contrast import lowered
from cds.bone.density import LevelDensity, density_of, hu_of
from cds.bone.gates import DENSE_MG_CM3, GATES
from cds.bone.image_checks import check_field_of_view, check_images
from cds.bone.image_noise import image_noise
from cds.bone.level_conversion import THORACIC
from cds.bone.outlined_body import OutlinedBody, UnmeasuredBody
from cds.bone.patient_size import patient_size
from cds.bone.roi import TrabecularRoi, trabecular_roi
from cds.ct.acquisition import CtSeries
from cds.ct.reason import NotAssessable, Reason, because
from cds.ct.volume import CtVolume

TRUNCATED_SLOPE_SD: Final = 0.04
"""Relative, on top: a size of 24 cm read for 30 cm makes the slope 4.4 % too high."""

NARROW_SLOPE_SD: Final = 0.10
"""The same where over 30 % of the outline is cut: 16 cm read for 28 cm makes the slope 11 % too high."""


class Calibrator(Protocol):
    """The port `HuCalibrator`, already told of the patient's tissues."""

    def calibrate(self, series: CtSeries, water_equivalent_diameter_cm: float, *, thoracic: bool) -> Calibration:
        """Slope and offset at one level."""


@dataclass(frozen=True, slots=True, eq=False)
class MeasuredLevel:
    """One vertebra with its region, calibration and density."""

    roi: TrabecularRoi
    calibration: Calibration
    density: LevelDensity
    flags: tuple[str, ...]

    def report(
        self,
        *,
        used: bool,
        contrast: ContrastState,
        flags: tuple[str, ...] = (),
        reasons: tuple[Reason, ...] = (),
    ) -> LevelMeasurement:
        """The level as it appears in the assessment; under contrast an upper estimate."""
        roi = self.roi
        return LevelMeasurement(
            level=roi.level,
            hu=roi.hu,
            hu_sd=roi.hu_sd,
            hu_sem=roi.hu_sem,
            vbmd_mg_cm3=self.density.vbmd_mg_cm3,
            ci95_mg_cm3=lowered(self.density.ci95_mg_cm3, contrast),
            centre_lps_mm=roi.centre_lps_mm,
            roi_cm3=roi.roi_cm3,
            used=used,
            height_loss_percent=roi.height_loss_percent,
            flags=(*self.flags, *flags),
            reasons=reasons,
            calibration=self.calibration.of_level,
        )


def measure_level(
    volume: CtVolume,
    body: OutlinedBody,
    calibrator: Calibrator,
    *,
    keep_out: MaskGrid | None = None,
    muscle: MaskGrid | None = None,
) -> MeasuredLevel | UnmeasuredBody:
    """Size, calibration, region and density of one body. `keep_out`: dense blood. `muscle`: of the back.

    A whole body that cannot be measured keeps its loss of height.
    """
    centre = body.centre_lps_mm
    size = patient_size(volume, centre[2])
    diameter_cm, limits = size.water_equivalent_diameter_cm, GATES["size"].accepted
    if GATES["size"].refuses(diameter_cm):
        reason = because("body-size-outside", diameter_cm=diameter_cm, minimum_cm=limits[0], maximum_cm=limits[1])
        return UnmeasuredBody((reason,), body.height_loss_percent)
    noise_hu = image_noise(volume, centre)
    images = check_images(volume, centre, noise_hu=noise_hu, muscle=muscle)
    if images.refused is not None:
        return UnmeasuredBody((images.refused,), body.height_loss_percent)
    cut = check_field_of_view(volume, centre) if size.truncated else ()
    calibration = _widened(calibrator.calibrate(volume.series, diameter_cm, thoracic=body.level in THORACIC), cut)
    roi = trabecular_roi(
        volume,
        body,
        keep_out=keep_out,
        dense_hu=hu_of(DENSE_MG_CM3, calibration),
        noise_hu=noise_hu,
    )
    if isinstance(roi, NotAssessable):
        return UnmeasuredBody(roi.reasons, body.height_loss_percent)
    return MeasuredLevel(roi, calibration, density_of(roi, calibration), (*roi.flags, *images.flags, *cut))


def _widened(calibration: Calibration, cut: tuple[str, ...]) -> Calibration:
    """A body that is cut is larger than it reads, by more the less of it is seen."""
    if not cut:
        return calibration
    return calibration.with_slope_error(NARROW_SLOPE_SD if "fov-narrow" in cut else TRUNCATED_SLOPE_SD)
