"""Stage 2: body, disc and rib outlines in a column of about 2 mm voxels that follows the spine."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.vertebra_segmentation.grid import Affine, Array, Image, averaged, shifted, summed, to_index, to_lps
from models.vertebra_segmentation.inference import AIR_HU, probabilities
from models.vertebra_segmentation.labels import FINE_CLASSES, fine_index
from models.vertebra_segmentation.network import STRIDE, HalfResolutionUNet
from models.vertebra_segmentation.spine_map import SpineCurve, SpineMap

SPACING_MM = 2.0
WINDOW = (64, 48, 48)
"""Voxels of one window: 128 mm along the spine, 96 mm across."""

STEP = 48
"""Windows overlap by a quarter; the overlap is blended."""

MARGIN_MM = 90.0
"""How far the column reaches beyond the first and last slice with a named body: two bodies more."""


@dataclass(frozen=True, slots=True)
class SpineColumn:
    """Fine class probabilities (class, slice, row, column); zero where no window looked."""

    probabilities: Array
    affine_lps: Affine
    scan_box: tuple[NDArray[np.float64], NDArray[np.float64]]
    """First and last voxel centre of the scan, as continuous index of this grid."""

    def of(self, *names: str) -> Array:
        """Summed probability of some classes."""
        return summed(self.probabilities, map(fine_index, names))

    def cropped(self, start: Sequence[int], stop: Sequence[int]) -> "SpineColumn":
        """The half-open index box [start, stop) as a view; the scan stays as large."""
        box = tuple(slice(a, b) for a, b in zip(start, stop, strict=True))
        first, last = (edge - np.array(start) for edge in self.scan_box)
        return SpineColumn(self.probabilities[(slice(None), *box)], shifted(self.affine_lps, start), (first, last))


def outline_column(
    hu: Image, spine: SpineMap, curve: SpineCurve, network: HalfResolutionUNet, device: str
) -> SpineColumn | None:
    """Classify the voxels around the named part of the spine; None where nothing is named."""
    if not curve.is_named.any():
        return None
    centres_lps = _named_centres_lps(spine, curve)
    column = averaged(_column_of(hu, centres_lps), SPACING_MM)
    path = to_index(column.affine_lps, centres_lps)
    found = _classified(column.values.astype(np.float32, copy=False), path, network, device)
    corners = to_lps(hu.affine_lps, np.array([[0.0] * 3, np.array(hu.values.shape) - 1.0]))
    first_voxel, last_voxel = to_index(column.affine_lps, corners)
    return SpineColumn(found, column.affine_lps, (first_voxel, last_voxel))


def _classified(values: Array, path: NDArray[np.float64], network: HalfResolutionUNet, device: str) -> Array:
    """Class probabilities (class, slice, row, column), blended from windows along a path (point, 3) of indices.

    All windows go through the network together: one by one they take nearly twice as long.
    """
    size = (min(WINDOW[0], -(-values.shape[0] // STRIDE) * STRIDE), *WINDOW[1:])
    corners = [_corner(first, size, path) for first in _window_starts(values.shape[0], size[0])]
    windows = np.stack([_window(values, corner, size) for corner in corners])
    total = np.zeros((len(FINE_CLASSES), *values.shape), np.float32)
    weight = np.zeros(values.shape, np.float32)
    taper = 1e-3 + np.sin(np.pi * (np.arange(size[0]) + 0.5) / size[0]).astype(np.float32)
    for corner, found in zip(corners, probabilities(network, windows, device), strict=True):
        box = _box(values, corner, size)
        inner = tuple(slice(side.start - c, side.stop - c) for side, c in zip(box, corner, strict=True))
        here = taper[inner[0], None, None]
        total[(slice(None), *box)] += found[(slice(None), *inner)] * here
        weight[box] += here
    total /= np.maximum(weight, 1e-6)
    return total


def _named_centres_lps(spine: SpineMap, curve: SpineCurve) -> NDArray[np.float64]:
    """LPS points of the spine curve over the named slices and `MARGIN_MM` beyond."""
    named = np.flatnonzero(curve.is_named)
    reach = round(MARGIN_MM / float(np.linalg.norm(spine.affine_lps[:3, 0])))
    first, last = named[0] - reach, named[-1] + reach
    positions = np.arange(first, last + 1)
    rows, columns = (np.interp(positions, np.arange(len(curve.slices)), c) for c in curve.centres.T)
    slices = curve.slices[0] + positions
    inside = (slices >= 0) & (slices < spine.probabilities.shape[1])
    return to_lps(spine.affine_lps, np.stack([slices, rows, columns], axis=1)[inside])


def _column_of(hu: Image, centres_lps: NDArray[np.float64]) -> Image:
    """The part of the scan that the windows along these points can see."""
    index = to_index(hu.affine_lps, centres_lps)
    half = np.array([SPACING_MM * 2, *(SPACING_MM * (n / 2 + 2) for n in WINDOW[1:])]) / hu.spacing_mm
    start = np.maximum(np.floor(index.min(axis=0) - half), 0).astype(int)
    stop = np.minimum(np.ceil(index.max(axis=0) + half) + 1, hu.values.shape).astype(int)
    return hu.cropped(start.tolist(), stop.tolist())


def _window_starts(length: int, depth: int) -> list[int]:
    """First slice of each window, evenly spread, at most `STEP` apart."""
    if length <= depth:
        return [-((depth - length) // 2)]
    count = -(-(length - depth) // STEP) + 1
    return [round(float(s)) for s in np.linspace(0, length - depth, count)]


def _corner(first: int, size: tuple[int, ...], path: NDArray[np.float64]) -> tuple[int, ...]:
    """First voxel of the window that begins at a slice, with the path in its middle."""
    middle = [np.interp(first + size[0] / 2, path[:, 0], path[:, axis]) for axis in (1, 2)]
    return (first, *(round(float(c)) - n // 2 for c, n in zip(middle, size[1:], strict=True)))


def _box(values: Array, corner: tuple[int, ...], size: tuple[int, ...]) -> tuple[slice, ...]:
    """The part of the array that a window covers."""
    return tuple(slice(max(0, c), max(0, min(n, c + s))) for c, s, n in zip(corner, size, values.shape, strict=True))


def _window(values: Array, corner: tuple[int, ...], size: tuple[int, ...]) -> Array:
    """The window, padded with air to its size."""
    box = _box(values, corner, size)
    padding = [(side.start - c, c + s - side.stop) for side, c, s in zip(box, corner, size, strict=True)]
    return np.pad(values[box], padding, constant_values=AIR_HU)
