"""The noise of the images around a vertebra, measured where tissue is uniform.

Voxels within trabecular bone differ by noise and by texture; only noise makes the mean uncertain.
Christianson 2015 (AJR 205:W93): the mode of the local standard deviation in soft tissue.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from cds.bone.anatomy import Point
from cds.ct.volume import CtVolume

REACH_MM: Final = 60.0
SLICES_EITHER_SIDE: Final = 2
WINDOW_MM: Final = 8.0
SOFT_TISSUE_HU: Final = (-20.0, 150.0)
"""Local mean of muscle and organs, with contrast and without."""

BIN_HU: Final = 2.0
MOST_HU: Final = 300.0
LEAST_WINDOWS: Final = 200


def image_noise(volume: CtVolume, centre_lps_mm: Point) -> float | None:
    """Mode of the local standard deviation, HU; None where there is too little soft tissue."""
    middle, box = window_around(volume, centre_lps_mm, REACH_MM)
    slices = range(max(0, middle - SLICES_EITHER_SIDE), min(volume.hu.shape[0], middle + SLICES_EITHER_SIDE + 1))
    window = [max(3, round(WINDOW_MM / mm)) for mm in volume.spacing_mm[1:]]
    found = np.concatenate([_deviations(volume.hu[index][box].astype(np.float64), window) for index in slices])
    if len(found) < LEAST_WINDOWS:
        return None
    counts, edges = np.histogram(found, bins=np.arange(0.0, MOST_HU + BIN_HU, BIN_HU))
    return float(edges[counts.argmax()] + BIN_HU / 2)


def window_around(volume: CtVolume, centre_lps_mm: Point, reach_mm: float) -> tuple[int, tuple[slice, slice]]:
    """The slice nearest to a point, and the rows and columns within reach of it."""
    at = volume.lps_to_index @ np.array([*centre_lps_mm, 1.0])
    middle = int(np.clip(np.rint(at[0]), 0, volume.hu.shape[0] - 1))
    rows, columns = (_reach(at[axis], volume.spacing_mm[axis], volume.hu.shape[axis], reach_mm) for axis in (1, 2))
    return middle, (rows, columns)


def _reach(centre: float, spacing_mm: float, count: int, reach_mm: float) -> slice:
    reach = reach_mm / spacing_mm
    return slice(int(np.clip(centre - reach, 0, count)), int(np.clip(centre + reach + 1, 0, count)))


def _deviations(hu: NDArray[np.float64], window: list[int]) -> NDArray[np.float64]:
    """Local standard deviation where the local mean is that of soft tissue; whole windows only."""
    if hu.shape[0] < window[0] or hu.shape[1] < window[1]:
        return np.empty(0)
    mean, square = uniform_filter(hu, window), uniform_filter(hu**2, window)
    whole = tuple(slice(n // 2, size - n // 2) for n, size in zip(window, hu.shape, strict=True))
    count = window[0] * window[1]
    deviation = np.sqrt(np.maximum(square - mean**2, 0.0) * count / (count - 1))[whole]
    soft = (mean[whole] >= SOFT_TISSUE_HU[0]) & (mean[whole] <= SOFT_TISSUE_HU[1])
    return np.asarray(deviation[soft], dtype=np.float64)
