"""The patient's outline in one slice: skin to skin, lungs and bowel included, table excluded."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_fill_holes, binary_opening, distance_transform_edt, label

from cds.ct.volume import CtVolume

PIXEL_MM = 2.5
"""Outlines are found on about this spacing: enough for an area, and fast."""

TISSUE_HU = -400.0
TABLE_MM = 5.0
"""Anything thinner is table, cushion or cable."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Outline:
    """One slice, thinned out: HU, what of it is body, what of it was reconstructed at all.

    Arrays: axes (row, column). `spacing_mm`: between (rows, columns) of the thinned slice.
    `step`: every how many rows and columns of the volume.
    """

    hu: NDArray[np.float64]
    body: Mask
    field_of_view: Mask
    spacing_mm: tuple[float, float]
    slice_index: int
    step: tuple[int, int]

    @cached_property
    def edge(self) -> Mask:
        """The outermost pixels of the field of view."""
        inward = distance_transform_edt(np.pad(self.field_of_view, 1))[1:-1, 1:-1]
        return np.asarray(self.field_of_view & (inward <= 1.5), dtype=bool)

    @property
    def touched_border_mm(self) -> float:
        """Length along which the body is cut by the field of view."""
        return float((self.body & self.edge).sum()) * float(np.mean(self.spacing_mm))


def outline_of(volume: CtVolume, slice_index: int) -> Outline:
    """Find the body in one slice: the largest piece of tissue, its holes filled."""
    _, row_mm, column_mm = volume.spacing_mm
    step = (max(1, round(PIXEL_MM / row_mm)), max(1, round(PIXEL_MM / column_mm)))
    hu = volume.hu[slice_index, :: step[0], :: step[1]].astype(np.float64)
    spacing = (row_mm * step[0], column_mm * step[1])
    field_of_view = _field_of_view(hu)
    tissue = (hu > TISSUE_HU) & field_of_view
    width = [2 * max(1, round(TABLE_MM / 2 / mm)) + 1 for mm in spacing]
    opened = binary_opening(np.pad(tissue, 3, mode="edge"), np.ones(width, bool))[3:-3, 3:-3]
    pieces, count = label(opened)
    largest = np.bincount(pieces.ravel())[1:].argmax() + 1 if count else 1
    body: Mask = np.asarray(binary_fill_holes(pieces == largest), dtype=bool)
    return Outline(hu, body, field_of_view, spacing, slice_index, step)


def _field_of_view(hu: NDArray[np.float64]) -> Mask:
    """The inscribed circle where everything beyond it is one padding value, else the whole slice."""
    rows, columns = (np.arange(n) - (n - 1) / 2 for n in hu.shape)
    radius = min(hu.shape) / 2
    inside = np.hypot(rows[:, None], columns[None, :]) <= radius
    beyond = hu[~inside]
    padded = beyond.size > 0 and float(np.ptp(beyond)) == 0.0 and float(np.ptp(hu)) > 0.0
    return inside if padded else np.ones(hu.shape, bool)
