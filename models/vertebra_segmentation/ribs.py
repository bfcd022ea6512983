"""Which bodies carry ribs: the surest landmark for telling T12 from L1.

A rib slopes down past the bodies below its own, so what counts is where its inner end lies.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import find_objects, label

from models.vertebra_segmentation.column import SpineColumn
from models.vertebra_segmentation.grid import to_index, to_lps

SMALLEST_RIB_ML = 0.2
END_VOXELS = 10
FARTHEST_END_MM = 42.0
"""A rib whose visible part begins farther from the middle of the spine shows no inner end."""

BELOW, ABOVE = 0.7, 0.3
"""An end belongs to a body from so far below its centre to so far above, in units of the spacing of bodies:
the lowest ribs are attached low and their first centimetre is often not outlined."""

NARROWEST_MM = 40.0
"""A scan that reaches less far to a side of a body cannot show that a rib is missing there."""

Points = NDArray[np.float64]


def inner_ends(column: SpineColumn, centres_lps: Points) -> Points:
    """LPS points (rib, 3) where the ribs beside a spine begin; centres (body, 3) from cranial to caudal."""
    voxel_ml = float(abs(np.linalg.det(column.affine_lps[:3, :3]))) / 1000
    components, _ = label(column.of("rib") > 0.5)
    ends = []
    for number, box in enumerate(find_objects(components), start=1):
        own = np.argwhere(components[box] == number)
        if len(own) * voxel_ml < SMALLEST_RIB_ML:
            continue
        points = to_lps(column.affine_lps, own + np.array([s.start for s in box], float))
        lateral = np.abs(points[:, 0] - _middle(points[:, 2], centres_lps))
        inner = np.argsort(lateral)[:END_VOXELS]
        if lateral[inner].mean() <= FARTHEST_END_MM:
            ends.append(points[inner].mean(axis=0))
    return np.array(ends).reshape(-1, 3)


def _middle(height_mm: NDArray[np.float64], centres_lps: Points) -> NDArray[np.float64]:
    """Left coordinate of the spine at some heights."""
    order = np.argsort(centres_lps[:, 2])
    middle: NDArray[np.float64] = np.interp(height_mm, centres_lps[order, 2], centres_lps[order, 0])
    return middle


def ribs_beside(column: SpineColumn, centres_lps: Points) -> list[int | None]:
    """For each body, cranial first, on how many sides (0, 1, 2) a rib begins; None where that cannot be seen."""
    if len(centres_lps) == 0:
        return []
    sides = sides_with_rib(inner_ends(column, centres_lps), centres_lps)
    return [int(n) if n or _is_wide(column, centre) else None for n, centre in zip(sides, centres_lps, strict=True)]


def _is_wide(column: SpineColumn, centre_lps: NDArray[np.float64]) -> bool:
    place = to_index(column.affine_lps, centre_lps)[2]
    spacing = float(np.linalg.norm(column.affine_lps[:3, 2]))
    first, last = (edge[2] for edge in column.scan_box)
    return bool(min(place - first, last - place) * spacing >= NARROWEST_MM)


def sides_with_rib(ends_lps: Points, centres_lps: Points) -> NDArray[np.int64]:
    """For each body, on how many sides (0, 1, 2) a rib begins beside it."""
    count = len(centres_lps)
    sides = np.zeros((count, 2), bool)
    heights = centres_lps[:, 2]
    gaps = -np.diff(heights) if count > 1 else np.array([25.0])
    for x, _, z in ends_lps:
        for body in range(count):
            gap = float(gaps[min(body, len(gaps) - 1)])
            if heights[body] - BELOW * gap <= z < heights[body] + ABOVE * gap:
                sides[body, int(x > centres_lps[body, 0])] = True
    counts: NDArray[np.int64] = sides.sum(axis=1)
    return counts
