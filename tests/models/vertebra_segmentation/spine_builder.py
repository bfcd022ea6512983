"""Spines made of numbers: bodies, maps and columns that vary one fact at a time."""

from collections.abc import Sequence

import numpy as np

from models.vertebra_segmentation.column import SpineColumn
from models.vertebra_segmentation.instances import Instance
from models.vertebra_segmentation.labels import COARSE_CLASSES, FINE_CLASSES, coarse_index, fine_index
from models.vertebra_segmentation.spine_map import SpineMap

SPACING_MM = 30.0
"""Between the bodies of a made spine."""


def body_at(place: float, *, volume_ml: float = 30.0, is_cut: bool = False, aside_mm: float = 0.0) -> Instance:
    """A body whose core is one point, `place` bodies below the first."""
    centre = np.array([aside_mm, 0.0, -SPACING_MM * place])
    return Instance(np.ones((1, 1, 1), np.float32), np.eye(4), centre[None], centre, volume_ml, is_cut)


def map_of(votes: Sequence[dict[str, float]]) -> SpineMap:
    """A map one voxel wide; the body at place n is called as `votes[n]` says."""
    probabilities = np.full((len(COARSE_CLASSES), len(votes), 1, 1), 1e-4, np.float32)
    for place, vote in enumerate(votes):
        for name, share in vote.items():
            probabilities[coarse_index(name), place] = share
    affine = np.diag([0.0, 0.0, 0.0, 1.0])
    affine[2, 0], affine[1, 1], affine[0, 2] = -SPACING_MM, 1.0, 1.0
    return SpineMap(probabilities, affine)


def column_of(shape: tuple[int, int, int], boxes: Sequence[tuple[str, tuple[slice, slice, slice]]]) -> SpineColumn:
    """A column of 2 mm voxels from (0, 0, 0) LPS, certain of the class in each box (slice, row, column)."""
    probabilities = np.zeros((len(FINE_CLASSES), *shape), np.float32)
    probabilities[0] = 1
    for name, box in boxes:
        probabilities[(slice(None), *box)] = 0
        probabilities[(fine_index(name), *box)] = 1
    affine = np.diag([0.0, 0.0, 0.0, 1.0])
    affine[2, 0] = affine[1, 1] = affine[0, 2] = 2.0
    return SpineColumn(probabilities, affine, (np.zeros(3), np.array(shape) - 1.0))
