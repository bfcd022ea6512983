"""The mean of a trabecular region, and how sure it is: bone islands out, correlation counted.

Neighbouring voxels share noise (reconstruction filter, interpolation), so n voxels are worth
fewer than n independent samples. The standard error uses the effective number.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

MAD_LIMIT = 3.0
"""Voxels further than this many median absolute deviations from the median are islands or vessels."""

TRIM = 0.05
"""Share of the remaining voxels cut off at either end."""

SD_PER_MAD = 1.4826
"""Standard deviation over median absolute deviation of a normal distribution."""

LEAST_CORRELATION = 0.05
FURTHEST_LAG_MM = 2.5
STRUCTURE_MM = 4.0
"""Standard deviation of the smoothing that separates structure of bone from noise."""

HuArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RegionMean:
    """HU of a region: trimmed mean, standard deviation of its voxels, standard error of the mean."""

    hu: float
    sd: float
    sem: float


def region_mean(
    hu: HuArray, member: NDArray[np.bool_], spacing_mm: tuple[float, float, float], noise_hu: float | None = None
) -> RegionMean:
    """Mean over the members of a box of voxels, axes (slice, row, column).

    `noise_hu`: standard deviation of the image noise, where known; what the voxels scatter beyond
    it is texture of bone and makes the mean no less sure.
    """
    values = hu[member]
    deviation, samples = _noise(hu, member, spacing_mm)
    if noise_hu is not None:
        deviation = min(deviation, noise_hu)
    return RegionMean(trimmed_mean(values), float(values.std()), deviation / samples**0.5)


def local_mean(hu: HuArray, member: NDArray[np.bool_], spacing_mm: tuple[float, float, float]) -> HuArray:
    """Mean of the members around each voxel, over a few millimetres: structure without noise."""
    sigma = [STRUCTURE_MM / mm for mm in spacing_mm]
    weight = np.maximum(gaussian_filter(member.astype(np.float64), sigma, mode="constant"), 1e-9)
    smooth: HuArray = gaussian_filter(np.where(member, hu, 0.0), sigma, mode="constant") / weight
    return smooth


def trimmed_mean(values: HuArray) -> float:
    """5-95 % trimmed mean after removing |HU - median| > 3 MAD (at least 1 HU)."""
    distance = np.abs(values - np.median(values))
    kept = np.sort(values[distance <= max(MAD_LIMIT * float(np.median(distance)), 1.0)])
    cut = int(TRIM * len(kept))
    return float(kept[cut : len(kept) - cut].mean())


def _noise(hu: HuArray, member: NDArray[np.bool_], spacing_mm: tuple[float, float, float]) -> tuple[float, float]:
    """Robust standard deviation of the noise, and the effective number of samples.

    Structure of bone is no noise: what varies over more than a few millimetres is subtracted.
    """
    median = float(np.median(hu[member]))
    limit = max(MAD_LIMIT * SD_PER_MAD * float(np.median(np.abs(hu[member] - median))), 1.0)
    centred = np.clip(hu - median, -limit, limit)
    residual = np.where(member, centred - local_mean(centred, member, spacing_mm), 0.0)
    values = residual[member]
    deviation = SD_PER_MAD * float(np.median(np.abs(values - np.median(values))))
    lengths = [_correlation_length(residual, member, axis, spacing_mm[axis]) for axis in range(3)]
    return deviation, max(1.0, len(values) / float(np.prod(lengths)))


def _correlation_length(residual: HuArray, member: NDArray[np.bool_], axis: int, spacing_mm: float) -> float:
    """How many voxels along an axis carry one independent sample: 1 + 2 sum of correlations."""
    variance = float((residual[member] ** 2).mean())
    length = 1.0
    for lag in range(1, min(int(FURTHEST_LAG_MM / spacing_mm), residual.shape[axis] - 1) + 1):
        near = [slice(None)] * 3
        far = [slice(None)] * 3
        near[axis], far[axis] = slice(None, -lag), slice(lag, None)
        pairs = member[tuple(near)] & member[tuple(far)]
        if variance == 0 or not pairs.any():
            break
        correlation = float((residual[tuple(near)] * residual[tuple(far)])[pairs].mean()) / variance
        if correlation < LEAST_CORRELATION:
            break
        length += 2 * correlation
    return length
