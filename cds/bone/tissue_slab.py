"""Slices averaged for reading tissue: slabs of 5 mm at the heights of vertebrae, in squares of about 2.5 mm.

Averaging lowers noise before a mode is looked for, and makes thin and thick slices alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from cds.bone.anatomy import MaskGrid
from cds.bone.body_frame import SURFACE
from cds.bone.body_outline import Mask, Outline, outline_of
from cds.ct.volume import CtVolume

SLAB_MM: Final = 5.0


@dataclass(frozen=True, eq=False)
class Slab:
    """Axes (row, column) of squares of pixels."""

    hu: NDArray[np.float64]
    outline: Outline
    """Of the slice in the middle, on the same axes."""
    affine_lps: NDArray[np.float64]
    """(4, 3): (row, column, 1) of a square to LPS mm of its centre."""

    @property
    def posterior_mm(self) -> NDArray[np.float64]:
        """LPS y of each square."""
        rows, columns = np.indices(self.hu.shape)
        along: NDArray[np.float64] = (
            self.affine_lps[1, 0] * rows + self.affine_lps[1, 1] * columns + self.affine_lps[1, 2]
        )
        return along

    def within(self, mask: MaskGrid) -> Mask:
        """Squares whose centre lies within a mask."""
        to_mask = np.linalg.inv(mask.affine_lps) @ self.affine_lps
        rows, columns = np.indices(self.hu.shape)
        where = to_mask[:3] @ np.stack([rows.ravel(), columns.ravel(), np.ones(rows.size)])
        inside = map_coordinates(mask.inside, where, order=1, mode="constant")
        return np.asarray(inside.reshape(self.hu.shape) >= SURFACE, dtype=bool)


def slabs_at(volume: CtVolume, heights_mm: Sequence[float]) -> list[Slab]:
    """One slab for each height (LPS z) that lies within the scan; equal slices are read once."""
    heights = volume.slice_heights_mm
    reach = (SLAB_MM + volume.spacing_mm[0]) / 2
    middles = [int(np.abs(heights - z).argmin()) for z in heights_mm if np.abs(heights - z).min() <= reach]
    return [_slab(volume, middle, SLAB_MM / 2) for middle in dict.fromkeys(middles)]


def _slab(volume: CtVolume, middle: int, reach_mm: float) -> Slab:
    outline = outline_of(volume, middle)
    half = int(reach_mm / volume.spacing_mm[0] + 1e-6)
    first, last = max(0, middle - half), min(volume.hu.shape[0], middle + half + 1)
    (down, right), (rows, columns) = outline.step, outline.hu.shape
    planes = volume.hu[first:last].mean(axis=0, dtype=np.float32)
    padded = np.pad(planes, ((0, rows * down - planes.shape[0]), (0, columns * right - planes.shape[1])), mode="edge")
    hu = padded.reshape(rows, down, columns, right).mean(axis=(1, 3), dtype=np.float64)
    to_volume = np.array([[0, 0, middle], [down, 0, (down - 1) / 2], [0, right, (right - 1) / 2], [0, 0, 1]])
    return Slab(hu, outline, volume.affine_lps @ to_volume)
