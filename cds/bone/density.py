"""From HU to mg/cm3, level by level and for the patient, with what each source of error adds.

    vBMD = (HU - offset) / slope

Independent from level to level: noise of the mean, placing of the region; where the levels disagree
by more than vertebrae do, at least what their scatter says. Shared by all levels of a scan, hence
never averaged away: the error of the slope (relative) and of the offset, which the same tissues may
have tied together:

    var = (vBMD sd_slope)^2 + (sd_offset / slope)^2 + 2 r (vBMD sd_slope) (sd_offset / slope)
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import hypot, sqrt
from typing import Final

from cds.bone.anatomy import VertebralLevel
from cds.bone.assessment import Calibration, Interval, LevelCalibration
from cds.bone.level_conversion import CONVERSIONS, SPREAD_BETWEEN_VERTEBRAE_MG_CM3, LevelChoice
from cds.bone.roi import TrabecularRoi

NORMAL_95: Final = 1.959964

REGION_SD_MG_CM3: Final = 2.5
"""Placing of the region: reader and scan precision of QCT, 2.5-2.8 % at 100 mg/cm3 (Budoff 2012)."""

NUMBERING_SD_FRACTION: Final = 0.044
"""What one level up or down changes after conversion: 2.5 % for T12 taken as L1, 4.4 % for L3 taken as L2
(Budoff 2012: T12 +4.9/+3.1 %, L3 -3.3/-2.7 % against L1-L3), besides the spread between neighbours."""


@dataclass(frozen=True, slots=True)
class LevelDensity:
    """vBMD of one level and the standard deviation of each of its errors, mg/cm3, K2HPO4 basis."""

    level: VertebralLevel
    vbmd_mg_cm3: float
    independent_sd: float
    slope_sd: float
    """With the sign of the value: a steeper slope brings it nearer to zero."""
    offset_sd: float
    slope_offset_correlation: float = 0.0

    @property
    def ci95_mg_cm3(self) -> Interval:
        """All errors together."""
        return interval95(self.vbmd_mg_cm3, hypot(self.independent_sd, self.shared_sd))

    @property
    def shared_sd(self) -> float:
        """Errors of slope and offset together."""
        return shared_sd(self.slope_sd, self.offset_sd, self.slope_offset_correlation)


@dataclass(frozen=True, slots=True)
class PatientDensity:
    """vBMD of the patient on the scale of L1-L2, mg/cm3, K2HPO4 basis."""

    vbmd_mg_cm3: float
    sd_mg_cm3: float

    @property
    def ci95_mg_cm3(self) -> Interval:
        """Two-sided."""
        return interval95(self.vbmd_mg_cm3, self.sd_mg_cm3)


def shared_sd(slope_sd: float, offset_sd: float, correlation: float) -> float:
    """SD of the sum of two errors."""
    return sqrt(max(0.0, slope_sd**2 + offset_sd**2 + 2 * correlation * slope_sd * offset_sd))


def interval95(value: float, sd: float) -> Interval:
    """The central 95 % of a normal distribution."""
    return value - NORMAL_95 * sd, value + NORMAL_95 * sd


def hu_of(vbmd_mg_cm3: float, calibration: Calibration) -> float:
    """What a density reads; the inverse of `density_of`."""
    return vbmd_mg_cm3 * calibration.slope_hu_per_mg_cm3 + calibration.offset_hu


def density_of(roi: TrabecularRoi, calibration: Calibration) -> LevelDensity:
    """Density of one level with its errors propagated."""
    vbmd = (roi.hu - calibration.offset_hu) / calibration.slope_hu_per_mg_cm3
    return density_at(roi.level, vbmd, roi.hu_sem, calibration)


def density_at(
    level: VertebralLevel, vbmd: float, hu_sem: float, calibration: Calibration | LevelCalibration
) -> LevelDensity:
    """The same from a value that is known already, mg/cm3."""
    slope = calibration.slope_hu_per_mg_cm3
    return LevelDensity(
        level=level,
        vbmd_mg_cm3=vbmd,
        independent_sd=hypot(hu_sem / slope, REGION_SD_MG_CM3),
        slope_sd=vbmd * calibration.slope_sd_fraction,
        offset_sd=calibration.offset_sd_hu / slope,
        slope_offset_correlation=calibration.slope_offset_correlation,
    )


def patient_density(
    densities: Mapping[VertebralLevel, LevelDensity], choice: LevelChoice, *, ambiguous: bool = False
) -> PatientDensity:
    """Mean of the chosen levels, each converted to L1-L2.

    Independent errors shrink with the number of levels, unless the levels disagree; slope and offset,
    shared, do not. `ambiguous`: the numbering may be off by one level.
    """
    converted = [_converted(densities[level]) for level in choice.levels]
    count = len(converted)
    value = sum(level.vbmd_mg_cm3 for level in converted) / count
    independent = max(hypot(*(level.independent_sd for level in converted)) / count, _disagreement_sd(converted))
    shared = shared_sd(
        sum(level.slope_sd for level in converted) / count,
        sum(level.offset_sd for level in converted) / count,
        sum(level.slope_offset_correlation for level in converted) / count,
    )
    numbering = _numbering_sd(value, count) if ambiguous else 0.0
    return PatientDensity(value, hypot(independent, shared, choice.residual_sd_mg_cm3, numbering))


def _disagreement_sd(converted: Sequence[LevelDensity]) -> float:
    """SD of the mean from the scatter of its levels, beyond what vertebrae and conversion explain; mg/cm3.

    For two: half their difference over sqrt(2), less the expected in quadrature. A level scatters about
    the mean of L1 and L2 by the residual of its conversion, L1 and L2 so that they differ by 8 mg/cm3.
    """
    count = len(converted)
    mean = sum(level.vbmd_mg_cm3 for level in converted) / count
    scatter = sum((level.vbmd_mg_cm3 - mean) ** 2 for level in converted) / count
    least = SPREAD_BETWEEN_VERTEBRAE_MG_CM3 / sqrt(2)
    expected = sum(max(CONVERSIONS[level.level].residual_sd_mg_cm3, least) ** 2 for level in converted) / count
    return sqrt(max(0.0, scatter - expected * (1 - 1 / count)) / count)


def _numbering_sd(vbmd_mg_cm3: float, count: int) -> float:
    """SD where the names may be off by one: of the levels used, one is exchanged for its neighbour."""
    return hypot(SPREAD_BETWEEN_VERTEBRAE_MG_CM3, NUMBERING_SD_FRACTION * vbmd_mg_cm3) / count


def _converted(density: LevelDensity) -> LevelDensity:
    ratio = CONVERSIONS[density.level].ratio
    return LevelDensity(
        density.level,
        density.vbmd_mg_cm3 / ratio,
        density.independent_sd / ratio,
        density.slope_sd / ratio,
        density.offset_sd / ratio,
        density.slope_offset_correlation,
    )


def difference_from_others(level: LevelDensity, others: Sequence[LevelDensity]) -> float:
    """How far a level lies above the mean of the others, all converted to L1-L2; mg/cm3."""
    rest = [_converted(other).vbmd_mg_cm3 for other in others]
    return _converted(level).vbmd_mg_cm3 - sum(rest) / len(rest)
