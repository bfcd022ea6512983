"""The line through the rods of a phantom: HU against density, weighted least squares.

A rod of K2HPO4 dissolved in water, or of hydroxyapatite in a plastic that stands for water, reads

    HU = offset + slope * density

A Mindways rod states its mineral and its water apart (densities K and W, mg/cm3) and reads
HU = sigma K + beta + W. In a patient the mineral displaces water, 0.2174 cm3 by the gram, and pure
water weighs 999.6 mg/cm3; so the rod is first carried to what it would read as a solution:

    HU' = HU - (W - (999.6 - 0.2174 K)) = (sigma - 0.2174) K + (beta + 999.6)

and one line serves all phantoms, on the scale of the slope tables (Mindways QCT: sigma_CT =
sigma_ref - 0.2174, beta_CT = beta_ref + 999.6).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Final

import numpy as np

WATER_MG_CM3: Final = 999.6
K2HPO4_DISPLACES: Final = 0.2174
"""cm3 of water by the gram of K2HPO4."""

ROD_SD_HU: Final = 1.0
"""Least scatter of a rod about the line: placing of the region, uniformity. Three rods can agree by luck."""


@dataclass(frozen=True, slots=True)
class Rod:
    """One rod: nominal density, mean HU; its water density where the phantom states one."""

    density_mg_cm3: float
    hu: float
    hu_sd: float | None = None
    """Of the region; only the ratio from rod to rod counts, as weight."""
    water_mg_cm3: float | None = None

    @property
    def solution_hu(self) -> float:
        """What the rod would read as a solution in water."""
        if self.water_mg_cm3 is None:
            return self.hu
        return self.hu - (self.water_mg_cm3 - (WATER_MG_CM3 - K2HPO4_DISPLACES * self.density_mg_cm3))


@dataclass(frozen=True, slots=True)
class RodLine:
    """HU = intercept + slope * density, with standard deviations and residuals in the order of the rods."""

    slope_hu_per_mg_cm3: float
    slope_sd: float
    intercept_hu: float
    intercept_sd_hu: float
    residuals_hu: tuple[float, ...]
    residual_sd_hu: float
    r_squared: float


def fit_rods(rods: Sequence[Rod]) -> RodLine:
    """Weighted least squares; weights from `hu_sd` where every rod has one.

    Raises ValueError for fewer than three rods or a single density.
    """
    density = np.array([rod.density_mg_cm3 for rod in rods], float)
    hu = np.array([rod.solution_hu for rod in rods], float)
    if len(rods) < 3 or np.ptp(density) == 0:
        msg = "a line with a spread needs three rods and two densities"
        raise ValueError(msg)
    weight = _weights(rods)
    centre, level = weight @ density, weight @ hu
    spread = weight @ (density - centre) ** 2
    slope = float(weight @ ((density - centre) * (hu - level)) / spread)
    intercept = float(level - slope * centre)
    residuals = hu - intercept - slope * density
    count = len(rods)
    residual_sd = sqrt(float(weight @ residuals**2) * count / (count - 2))
    total = float(weight @ (hu - level) ** 2)
    scatter = max(residual_sd, ROD_SD_HU)
    return RodLine(
        slope_hu_per_mg_cm3=slope,
        slope_sd=scatter / sqrt(count * float(spread)),
        intercept_hu=intercept,
        intercept_sd_hu=scatter * sqrt((1 + float(centre**2 / spread)) / count),
        residuals_hu=tuple(float(each) for each in residuals),
        residual_sd_hu=residual_sd,
        r_squared=1 - float(weight @ residuals**2) / total if total > 0 else 0.0,
    )


def _weights(rods: Sequence[Rod]) -> np.ndarray:
    """Sum 1; equal unless every rod has a positive SD."""
    spreads = [rod.hu_sd for rod in rods]
    if not all(sd is not None and sd > 0 for sd in spreads):
        return np.full(len(rods), 1 / len(rods))
    weight = np.array([1 / (sd or 1.0) ** 2 for sd in spreads])
    return np.asarray(weight / weight.sum())
