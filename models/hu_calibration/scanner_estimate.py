"""What a patient's own tissues say about the scanner: its offset and the hardness of its beam.

Two unknowns, o (HU, what water reads) and e (0 standard, -1 light, +1 hard filtration), start from
the prior with covariance C = diag(offset_sd^2, hardness_sd^2). Each tissue that was read is one
linear equation with normal errors,

    HU = E + o + G e + error,   variance R = sem^2 + mean_sd^2 + between_people_sd^2

and moves both (one step of a Kalman filter; the order of the tissues does not matter):

    h = (1, G),   S = h C h' + R,   K = C h / S,
    (o, e) += K (HU - E - o - G e),   C -= K (h C)

The slope of the mineral at water path D follows, with f the scanner's factor, d ~ N(0, slope_sd^2):

    s = f s0(D) + s'(D) e,   s' = (s_hard - s_light) / 2,   var s = (f s0 slope_sd)^2 + s'^2 C_ee,
    cov(s, o) = s' C_oe

By hand, at 120 kVp with no hardness: blood at 52 HU where 42 is expected, sem 1: R = 1 + 64 + 23 = 88,
S = 6.25 + 88 = 94, so o = 10 * 6.25 / 94 = 0.7 HU, with a variance of 6.25 - 6.25^2 / 94 = 5.8 HU^2.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from models.hu_calibration.scanner_prior import ScannerPrior
from models.hu_calibration.slope_table import SlopeTable, Tissue
from models.hu_calibration.tissue_expectation import TISSUE_PRIORS, expected_hu, hu_per_hardness


@dataclass(frozen=True, slots=True)
class TissueReading:
    """What one tissue reads, where the beam has crossed so much water."""

    tissue: Tissue
    hu: float
    sem_hu: float
    water_path_cm: float


@dataclass(frozen=True, slots=True)
class ScannerEstimate:
    """Mean and covariance of offset and hardness after the tissues were seen."""

    offset_hu: float
    hardness: float
    offset_variance: float
    hardness_variance: float
    covariance: float

    def seeing(self, difference_hu: float, hu_per_hardness: float, variance: float) -> "ScannerEstimate":
        """After one more tissue: what it reads above expectation, its G, and the variance R of that."""
        gain = hu_per_hardness
        of_offset = self.offset_variance + gain * self.covariance
        of_hardness = self.covariance + gain * self.hardness_variance
        total = of_offset + gain * of_hardness + variance
        surprise = (difference_hu - self.offset_hu - gain * self.hardness) / total
        return ScannerEstimate(
            offset_hu=self.offset_hu + of_offset * surprise,
            hardness=self.hardness + of_hardness * surprise,
            offset_variance=self.offset_variance - of_offset**2 / total,
            hardness_variance=self.hardness_variance - of_hardness**2 / total,
            covariance=self.covariance - of_offset * of_hardness / total,
        )


@dataclass(frozen=True, slots=True)
class SlopeEstimate:
    """Slope of K2HPO4 at one water path, and its errors."""

    hu_per_mg_cm3: float
    variance: float
    offset_covariance: float
    """With the offset, HU^2 per mg/cm3."""


NO_READINGS: Final[tuple[TissueReading, ...]] = ()


def estimate_scanner(
    table: SlopeTable, kvp: float, prior: ScannerPrior, readings: Sequence[TissueReading] = NO_READINGS
) -> ScannerEstimate:
    """Offset and hardness given what the tissues read; without readings the prior itself."""
    estimate = ScannerEstimate(prior.offset_hu, 0.0, prior.offset_sd_hu**2, prior.hardness_sd**2, 0.0)
    for reading in readings:
        difference = reading.hu - expected_hu(table, reading.tissue, kvp, reading.water_path_cm)
        gain = hu_per_hardness(table, reading.tissue, kvp, reading.water_path_cm)
        variance = reading.sem_hu**2 + TISSUE_PRIORS[reading.tissue].sd_hu ** 2
        estimate = estimate.seeing(difference, gain, variance)
    return estimate


def estimate_slope(
    table: SlopeTable, kvp: float, water_path_cm: float, prior: ScannerPrior, scanner: ScannerEstimate
) -> SlopeEstimate:
    """Slope at one water path."""
    standard = prior.slope_factor * table.slope_hu_per_mg_cm3(kvp, water_path_cm)
    hard, light = (table.slope_hu_per_mg_cm3(kvp, water_path_cm, filtration) for filtration in ("hard", "light"))
    gain = (hard - light) / 2
    return SlopeEstimate(
        hu_per_mg_cm3=standard + gain * scanner.hardness,
        variance=(standard * prior.slope_sd_fraction) ** 2 + gain**2 * scanner.hardness_variance,
        offset_covariance=gain * scanner.covariance,
    )


def apparent_hardness(table: SlopeTable, kvp: float, fat: TissueReading) -> float | None:
    """The hardness that would explain what fat reads: far from 0, voltage or filter are not as stated.

    Blood and muscle hardly depend on the spectrum (0.3 to 0.9 HU), fat does (6 to 10 HU). None where
    filtration makes no difference, as for a beam of one energy.
    """
    gain = hu_per_hardness(table, "fat", kvp, fat.water_path_cm)
    return (fat.hu - expected_hu(table, "fat", kvp, fat.water_path_cm)) / gain if gain else None
