import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.bone.anatomy import MaskGrid
from tests.benchmarks.segmentation.builders import a_mask
from tests.benchmarks.segmentation.overlap import dice

OFFSET = st.floats(-60, 60)


def test_the_same_mask_agrees_fully():
    """A mask and itself have Dice 1."""
    mask = a_mask((3.0, -2.0, 10.0))

    assert dice(mask, mask) == 1.0


def test_the_same_body_on_another_grid_agrees():
    """A grid of 2 mm and one of 1 mm tell the same body."""
    assert dice(a_mask((0, 0, 0)), a_mask((0, 0, 0), step_mm=1.0)) > 0.9


@given(OFFSET, OFFSET, OFFSET)
def test_dice_lies_between_none_and_all(x, y, z):
    """Whatever the distance, Dice is in [0, 1]; apart by more than their size, 0."""
    value = dice(a_mask((x, y, z)), a_mask((0, 0, 0)))

    assert 0 <= value <= 1
    if abs(z) > 26 or abs(y) > 34 or abs(x) > 44:
        assert value == 0


@given(st.floats(-20, 20))
def test_what_reaches_beyond_the_true_grid_counts(offset):
    """A found body that grows beyond the crop of the true one loses Dice: nothing is cut off unseen."""
    true = a_mask((0, 0, 0))
    long = a_mask((0, 0, offset), half_mm=(44.0, 15.0, 20.0))

    assert dice(long, true) == pytest.approx(2 / 5, abs=0.03)


def test_nothing_agrees_with_nothing():
    """Two empty masks share nothing."""
    empty = MaskGrid(np.zeros((3, 3, 3), np.float32), np.eye(4))

    assert dice(empty, empty) == 0.0


def test_the_order_of_storage_does_not_matter():
    """A found mask stored back to front has the same Dice."""
    mask, true = a_mask((4, 0, 0)), a_mask((0, 0, 0))
    affine = mask.affine_lps.copy()
    affine[:3, 3] += affine[:3, 0] * (mask.inside.shape[0] - 1)
    affine[:3, 0] *= -1

    assert dice(MaskGrid(mask.inside[::-1], affine), true) == dice(mask, true)
