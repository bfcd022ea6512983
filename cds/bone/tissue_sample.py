"""What one tissue reads in one scan, and how sure that is.

A sample that cannot be had is None, never a default. What is uncertain about the tissue itself
(no two people have the same blood) is no part of a sample: `models.hu_calibration` adds it.
"""

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

Tissue = Literal["fat", "muscle", "blood", "air"]

QUARTILES_PER_SD: Final = 1.349
"""Between the quartiles of a normal distribution lie 1.349 standard deviations."""

KERNEL_PER_SD: Final = 0.5
"""Width of the smoothing of a histogram against the spread of its values."""

MARGIN_HU: Final = 100
"""How far a histogram goes on beyond the range of its mode."""

MODE_ERROR: Final = 2.2
"""Standard error of such a mode over that of a mean: sqrt(sqrt(2)/4 (1 + c^2)^2.5 / c^3), c = 0.5 (Parzen 1962)."""

MEDIAN_ERROR: Final = 1.2533
"""Standard error of a median over that of a mean: sqrt(pi/2)."""

LEAST_CORRELATION: Final = 0.05
FURTHEST_LAG: Final = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class TissueSample:
    """Typical HU of a tissue in one scan."""

    tissue: Tissue
    count: int
    """Values that were read."""
    hu: float
    """Of fat and muscle the mode, of blood and air the median."""
    sd_hu: float
    """Of the values, from their quartiles: plaques and vessels must not count."""
    sem_hu: float
    """Standard error of `hu` from noise and its correlation in space."""
    water_path_cm: float
    """Water path of the beam that sees it (see `patient_size.water_path_cm`)."""


@dataclass(frozen=True, slots=True)
class Mode:
    """Where values are densest."""

    hu: float
    sd_hu: float
    sem_hu: float
    count: int


def robust_sd(values: NDArray[np.float64]) -> float:
    """Standard deviation from the quartiles."""
    lower, upper = np.percentile(values, (25, 75))
    return float((upper - lower) / QUARTILES_PER_SD)


def histogram_mode(hu: NDArray[np.float64], member: NDArray[np.bool_], within_hu: tuple[float, float]) -> Mode:
    """Mode within a range of the members of planes (plane, row, column), of which at least one reads so.

    The histogram goes on beyond the range, or its edge would push the mode inwards. It is smoothed by
    half the standard deviation of its values. Planes count as independent, neighbours within a plane
    as their correlation says.
    """
    chosen = member & (hu > within_hu[0]) & (hu < within_hu[1])
    values = hu[chosen]
    sd = max(robust_sd(values), 1.0)
    edges = np.arange(within_hu[0] - MARGIN_HU, within_hu[1] + MARGIN_HU + 1.0)
    counts, _ = np.histogram(hu[member], edges)
    smooth = gaussian_filter1d(counts.astype(np.float64), max(KERNEL_PER_SD * sd, 1.0), mode="constant")
    mode = float(edges[MARGIN_HU + smooth[MARGIN_HU:-MARGIN_HU].argmax()] + 0.5)
    independent = max(1.0, len(values) / _values_per_sample(np.clip(hu - mode, -3 * sd, 3 * sd), chosen))
    return Mode(mode, sd, float(MODE_ERROR * sd / np.sqrt(independent)), len(values))


def _values_per_sample(residual: NDArray[np.float64], member: NDArray[np.bool_]) -> float:
    """How many neighbouring values are worth one independent: 1 + 2 sum of correlations, along rows and columns."""
    residual = np.where(member, residual - residual[member].mean(), 0.0)
    variance = float((residual[member] ** 2).mean())
    lengths = [1.0, 1.0]
    for axis in (1, 2):
        for lag in range(1, min(FURTHEST_LAG, residual.shape[axis] - 1) + 1):
            near: list[slice] = [slice(None)] * 3
            far = list(near)
            near[axis], far[axis] = slice(None, -lag), slice(lag, None)
            pairs = member[tuple(near)] & member[tuple(far)]
            if variance == 0 or not pairs.any():
                break
            correlation = float((residual[tuple(near)] * residual[tuple(far)])[pairs].mean()) / variance
            if correlation < LEAST_CORRELATION:
                break
            lengths[axis - 1] += 2 * correlation
    return lengths[0] * lengths[1]
