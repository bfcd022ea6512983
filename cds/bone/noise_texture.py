"""What the noise of the images tells of their kernel, where its name tells nothing.

A smooth kernel leaves neighbouring pixels alike, a sharp one does not: the correlation of noise with
that of the next pixel, in tissue that is uniform otherwise (lag-1 autocorrelation).
"""

from typing import Final

import numpy as np
from scipy.ndimage import uniform_filter

from cds.bone.anatomy import Point
from cds.bone.image_noise import REACH_MM, SOFT_TISSUE_HU, WINDOW_MM, window_around
from cds.ct.volume import CtVolume

LARGEST_PIXEL_MM: Final = 0.85
"""Coarser pixels are further apart than the noise of most kernels reaches."""
UNIFORM: Final = 1.25
"""Where the local standard deviation is at most this much above that of the noise, there is no edge."""
LEAST_PIXELS: Final = 500


def noise_correlation(volume: CtVolume, centre_lps_mm: Point, noise_hu: float) -> float | None:
    """Mean correlation with the next pixel in the slice, -1 to 1; None where it cannot be known.

    `noise_hu`: standard deviation of the image noise there.
    """
    if max(volume.spacing_mm[1:]) > LARGEST_PIXEL_MM:
        return None
    index, box = window_around(volume, centre_lps_mm, REACH_MM)
    hu = volume.hu[index][box].astype(np.float64)
    window = [max(3, round(WINDOW_MM / mm)) for mm in volume.spacing_mm[1:]]
    if min(hu.shape) < max(window):
        return None
    mean = uniform_filter(hu, window)
    deviation = np.sqrt(np.maximum(uniform_filter(hu**2, window) - mean**2, 0.0))
    low, high = SOFT_TISSUE_HU
    uniform = (mean >= low) & (mean <= high) & (deviation > 0) & (deviation <= UNIFORM * noise_hu)
    if np.count_nonzero(uniform) < LEAST_PIXELS:
        return None
    noise = hu - mean
    products = [
        (noise[1:] * noise[:-1])[uniform[1:]],
        (noise[:, 1:] * noise[:, :-1])[uniform[:, 1:]],
    ]
    return float(np.concatenate(products).mean() / np.square(noise[uniform]).mean())
