"""Label maps of made spines: blocks for bodies, with or without posterior elements, ribs and a sacrum."""

import numpy as np

from cds.ct.volume import CtVolume
from cds.inference.label_bodies import LabelledBody
from cds.inference.label_map import LabelMap
from tests.bone.phantom import a_series

SPACING_MM = 1.5
PITCH, HEIGHT, DEPTH, WIDTH = 20, 14, 20, 28
"""Of one body, in voxels: 30 mm from body to body, 21 high, 30 deep, 42 wide."""


def a_grid(slices: int = 160, spacing_mm: float = SPACING_MM) -> tuple[np.ndarray, np.ndarray]:
    """Empty labels (slice, row, column) and their affine; the slices run to cranial."""
    affine = np.diag([0.0, 0.0, 0.0, 1.0])
    affine[2, 0] = affine[1, 1] = affine[0, 2] = spacing_mm
    affine[:3, 3] = (-72.0, -60.0, -200.0)
    return np.zeros((slices, 80, 96), np.uint8), affine


def a_spine(levels, *, top: int = 150, whole: bool = False, ribs_down_to: str | None = None, sacrum: bool = False):
    """A label map of blocks from cranial to caudal; names are those of the levels."""
    labels, affine = a_grid()
    names = {0: "background"}
    rib = 200
    for number, level in enumerate(levels, start=1):
        high = top - PITCH * (number - 1)
        low = high - HEIGHT
        labels[low:high, 20 : 20 + DEPTH, 34 : 34 + WIDTH] = number
        names[number] = f"vertebrae_{level}" if whole else f"{level}_body"
        if whole:
            labels[low + 3 : high - 3, 20 + DEPTH : 20 + DEPTH + 8, 36:40] = number
            labels[low + 3 : high - 3, 20 + DEPTH : 20 + DEPTH + 8, 56:60] = number
            labels[low : high - 6, 20 + DEPTH + 8 : 20 + DEPTH + 12, 36:60] = number
        if ribs_down_to is not None and rib == 200:
            labels[low + 2 : low + 8, 34:40, 10:32] = rib
            labels[low + 2 : low + 8, 34:40, 64:86] = rib
        if level == ribs_down_to:
            rib = 0
    if ribs_down_to is not None:
        names[200] = "ribs"
    if sacrum:
        high = top - PITCH * len(levels)
        labels[max(0, high - 24) : high + 1, 20 : 20 + DEPTH, 30:66] = 201
        names[201] = "sacrum"
    return LabelMap.of(labels, affine, names)


def scan_of(label_map: LabelMap) -> CtVolume:
    """A scan of soft tissue on the grid of a label map."""
    hu = np.full(label_map.image.values.shape, 40, np.int16)
    return CtVolume(hu, label_map.image.affine_lps.copy(), a_series())


def a_body(level: str, height_mm: float, **facts) -> LabelledBody:
    """One body of a row, 40 cm3, in one piece, whole."""
    usual = {"volume_ml": 40.0, "cut_by_border": False, "second_piece": 0.0}
    return LabelledBody(level=level, mask=None, centre_lps_mm=(0.0, 0.0, height_mm), **(usual | facts))
