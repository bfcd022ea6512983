"""Beside which bodies the labelled ribs begin, whatever number each rib was given."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import find_objects, label

from cds.ct.volume import CtVolume
from cds.inference.label_bodies import LabelledBody
from cds.inference.label_map import LabelMap
from models.vertebra_segmentation.grid import Image, to_lps
from models.vertebra_segmentation.ribs import FARTHEST_END_MM, NARROWEST_MM, SMALLEST_RIB_ML, sides_with_rib

END_MM = 5.0
"""The inner end of a rib is what lies within this of its innermost voxel."""


def rib_sides(
    label_map: LabelMap, ribs: Sequence[int], row: Sequence[LabelledBody], volume: CtVolume
) -> list[int | None]:
    """For each body, cranial first, on how many sides (0, 1, 2) a rib begins; None where that cannot be seen."""
    centres = np.array([each.centre_lps_mm for each in row]).reshape(-1, 3)
    if not len(row) or all(label_map.box(number) is None for number in ribs):
        return [None] * len(row)
    ends = [end for number in ribs for end in _inner_ends(label_map.part(number, 0.0), centres)]
    sides = sides_with_rib(np.array(ends).reshape(-1, 3), centres)
    return [int(n) if n or _is_wide(volume, centre) else None for n, centre in zip(sides, centres, strict=True)]


def _inner_ends(part: Image | None, centres_lps: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """LPS points where the pieces of one rib label begin beside the spine."""
    if part is None:
        return []
    voxel_ml = float(abs(np.linalg.det(part.affine_lps[:3, :3]))) / 1000
    pieces, _ = label(np.asarray(part.values, dtype=bool))
    ends = []
    for number, box in enumerate(find_objects(pieces), start=1):
        own = np.argwhere(pieces[box] == number).astype(np.float64)
        if len(own) * voxel_ml < SMALLEST_RIB_ML:
            continue
        points = to_lps(part.affine_lps, own + [float(s.start) for s in box])
        lateral = np.abs(points[:, 0] - _middle(points[:, 2], centres_lps))
        inner = lateral <= lateral.min() + END_MM
        if lateral[inner].mean() <= FARTHEST_END_MM:
            ends.append(points[inner].mean(axis=0))
    return ends


def _middle(height_mm: NDArray[np.float64], centres_lps: NDArray[np.float64]) -> NDArray[np.float64]:
    """Left coordinate of the spine at some heights; `centres_lps` run from cranial to caudal."""
    middle: NDArray[np.float64] = np.interp(height_mm, centres_lps[::-1, 2], centres_lps[::-1, 0])
    return middle


def _is_wide(volume: CtVolume, centre_lps: NDArray[np.float64]) -> bool:
    """Whether the scan reaches far enough to both sides of a body to show a rib there."""
    sides = centre_lps + np.array([[-NARROWEST_MM, 0.0, 0.0], [NARROWEST_MM, 0.0, 0.0]])
    index = sides @ volume.lps_to_index[:3, :3].T + volume.lps_to_index[:3, 3]
    return bool(((index >= 0) & (index <= np.array(volume.hu.shape) - 1)).all())
