"""How much of the body the field of view cuts off, and whether it cuts the muscles of the back."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.ndimage import binary_erosion

from cds.bone.anatomy import Point
from cds.bone.body_outline import Outline, outline_of
from cds.ct.volume import CtVolume

BACK_HALF_WIDTH_MM: Final = 80.0
"""The muscles beside the spine reach this far to either side."""


@dataclass(frozen=True, slots=True)
class CutShare:
    """How much of the body's outline lies on the edge of the field of view, percent."""

    whole_percent: float
    back_percent: float
    """Of the outline behind the vertebra."""


def cut_share(volume: CtVolume, centre_lps_mm: Point) -> CutShare:
    """In the slice through a vertebra; 0 where no body is seen."""
    at = volume.lps_to_index @ np.array([*centre_lps_mm, 1.0])
    outline = outline_of(volume, int(np.clip(np.rint(at[0]), 0, volume.hu.shape[0] - 1)))
    rim = outline.body & ~binary_erosion(outline.body)
    cut = outline.body & outline.edge
    left_mm, behind_mm = _beside(volume, outline, centre_lps_mm)
    back = rim & (behind_mm > 0) & (np.abs(left_mm) <= BACK_HALF_WIDTH_MM)
    return CutShare(_percent(cut, rim), _percent(cut, back))


def _beside(volume: CtVolume, outline: Outline, centre_lps_mm: Point) -> tuple[np.ndarray, np.ndarray]:
    """How far each pixel lies to the left of a point and behind it, mm."""
    rows, columns = (np.arange(n) * step for n, step in zip(outline.body.shape, outline.step, strict=True))
    affine = volume.affine_lps
    x, y = (
        affine[axis, 0] * outline.slice_index
        + affine[axis, 1] * rows[:, None]
        + affine[axis, 2] * columns
        + affine[axis, 3]
        for axis in (0, 1)
    )
    return x - centre_lps_mm[0], y - centre_lps_mm[1]


def _percent(cut: np.ndarray, of: np.ndarray) -> float:
    return 100 * float((cut & of).sum()) / max(1, int(of.sum()))
