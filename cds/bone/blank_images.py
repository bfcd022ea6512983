"""Whether the images show anything at all: not if they are empty, uniform, or noise alone."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from cds.ct.volume import CtVolume

BLOCK_MM: Final = 8.0
MOST_SLICES: Final = 8
LEAST_SD_HU: Final = 15.0
"""Fat, muscle and bone of the smallest crop of a body differ by more."""

NOISE_FACTOR: Final = 8.0
"""Noise of a CT is correlated over some pixels: with a grain of 4 mm the mean of a square varies seven times more
than that of white noise."""


def shows_anatomy(volume: CtVolume) -> bool:
    """Squares of 8 mm, in slices spread over the scan, differ by more than the noise within them explains."""
    count = volume.hu.shape[0]
    slices = np.unique(np.linspace(0, count - 1, min(MOST_SLICES, count)).round().astype(int))
    squares = np.concatenate([_squares(volume.hu[index].astype(np.float32), volume.spacing_mm[1:]) for index in slices])
    explained = float(np.median(squares.std(axis=1))) / squares.shape[1] ** 0.5
    return bool(squares.mean(axis=1).std() > LEAST_SD_HU + NOISE_FACTOR * explained)


def _squares(hu: NDArray[np.float32], spacing_mm: tuple[float, ...]) -> NDArray[np.float32]:
    """One slice cut into squares (square, pixel); a rest at the far edges is left out."""
    side = [max(1, min(round(BLOCK_MM / mm), size)) for mm, size in zip(spacing_mm, hu.shape, strict=True)]
    rows, columns = hu.shape[0] // side[0], hu.shape[1] // side[1]
    whole = hu[: rows * side[0], : columns * side[1]].reshape(rows, side[0], columns, side[1])
    return whole.transpose(0, 2, 1, 3).reshape(rows * columns, side[0] * side[1])
