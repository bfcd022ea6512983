"""Where the spine runs in a map."""

import numpy as np
import pytest

from models.vertebra_segmentation.labels import COARSE_CLASSES, coarse_index
from models.vertebra_segmentation.spine_map import SPACING_MM, SpineMap, spine_curve


def _map(*boxes: tuple[str, slice, slice, slice]) -> SpineMap:
    """A map of 60 x 40 x 50 voxels of 4 mm, certain of the class in each box (slice, row, column)."""
    probabilities = np.zeros((len(COARSE_CLASSES), 60, 40, 50), np.float32)
    probabilities[0] = 1
    for name, *box in boxes:
        probabilities[(slice(None), *box)] = 0
        probabilities[(coarse_index(name), *box)] = 1
    affine = np.diag([0.0, 0.0, 0.0, 1.0])
    affine[2, 0] = affine[1, 1] = affine[0, 2] = SPACING_MM
    return SpineMap(probabilities, affine)


SPINE = ("L3", slice(30, 55), slice(20, 28), slice(20, 30))


def test_a_gap_does_not_end_the_spine() -> None:
    """A body that the network missed between others is bridged."""
    curve = spine_curve(_map(SPINE, ("L5", slice(14, 22), slice(22, 30), slice(21, 31))))

    assert curve is not None
    assert (curve.slices[0], curve.slices[-1]) == (14, 54)


def test_bone_beside_the_end_of_the_spine_is_not_part_of_it() -> None:
    """A hip joint that looks like a body, eight centimetres aside, does not bend the curve."""
    alone = spine_curve(_map(SPINE))
    with_hip = spine_curve(_map(SPINE, ("L5", slice(14, 26), slice(20, 28), slice(40, 49))))

    assert alone is not None
    assert with_hip is not None
    assert with_hip.slices[0] == alone.slices[0] == 30
    assert with_hip.centres == pytest.approx(alone.centres)


def test_a_tilted_spine_in_pieces_is_one_spine() -> None:
    """Scoliosis: each piece lies aside of the one before it, by less than it lies under it and half a body."""
    pieces = [("L1", slice(48 - 12 * n, 56 - 12 * n), slice(20, 28), slice(8 + 6 * n, 18 + 6 * n)) for n in range(4)]
    curve = spine_curve(_map(*pieces))

    assert curve is not None
    assert (curve.slices[0], curve.slices[-1]) == (12, 55)


def test_no_spine_no_curve() -> None:
    """Less than a small body is no spine."""
    assert spine_curve(_map()) is None
    assert spine_curve(_map(("L1", slice(5, 8), slice(5, 8), slice(5, 8)))) is None


def test_upper_thoracic_bodies_count_as_named() -> None:
    """The column is outlined from the first rib on, so that levels can be counted; the neck is not."""
    curve = spine_curve(
        _map(("cervical", slice(40, 50), slice(20, 28), slice(20, 30)), ("T2", slice(20, 40), *SPINE[2:]))
    )

    assert curve is not None
    assert curve.is_named[curve.slices < 40].all()
    assert not curve.is_named[curve.slices >= 40].any()
