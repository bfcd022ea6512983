import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import label

from cds.bone.anatomy import MaskGrid
from cds.bone.body_frame import frame_of
from cds.bone.roi_limits import clearance_mm
from cds.bone.roi_voxels import Voxels, voxels_within
from tests.bone.phantom import a_body, a_lone_body

VOLUME = a_lone_body(noise_hu=0).volume()
FRAME = frame_of(a_body().mask, (0.0, 0.0, 1.0))
CHOSEN = voxels_within(VOLUME, FRAME, clearance_mm(FRAME, 2.0))


def test_only_trabecular_voxels_are_chosen():
    """Every chosen voxel reads what the trabecular bone reads: no shell, no interpolation."""
    assert set(VOLUME.hu[tuple(CHOSEN.indices.T)]) == {150}


def test_volume_and_slices_are_counted():
    """Volume is the number of voxels times theirs; slices are those that hold any."""
    assert CHOSEN.cm3 == pytest.approx(len(CHOSEN.indices) * 0.002)
    assert CHOSEN.slice_count == len(set(CHOSEN.indices[:, 0]))
    assert CHOSEN.indices.dtype == np.int32


def test_the_box_holds_exactly_the_voxels():
    """The members of the box are the chosen voxels."""
    hu, member = CHOSEN.box()

    assert member.sum() == len(CHOSEN.indices)
    assert set(hu[member]) == {150.0}


def test_no_clearance_means_no_voxels():
    """A field without a positive value chooses nothing."""
    nothing = voxels_within(VOLUME, FRAME, np.full(FRAME.inside.shape, -1.0))

    assert nothing.indices.shape == (0, 3)
    assert nothing.cm3 == 0


def blood(x_mm):
    """A wall of blood at x."""
    affine = np.eye(4)
    affine[:3, 3] = (x_mm, -30, -30)
    return MaskGrid(np.ones((1, 60, 60), np.float32), affine[:, [0, 1, 2, 3]])


def test_voxels_beside_blood_are_left_out():
    """Nothing within the distance of the mask remains; the rest does."""
    clear = CHOSEN.further_than(10.0, blood(20.0))

    assert 0 < len(clear.indices) < len(CHOSEN.indices)
    assert clear.lps_mm[:, 0].max() < 10.1


@pytest.mark.parametrize(
    "mask", [blood(200.0), MaskGrid(np.zeros((3, 3, 3), np.float32), np.eye(4))], ids=["far", "empty"]
)
def test_blood_elsewhere_changes_nothing(mask):
    """A mask that is far away or empty leaves every voxel."""
    assert CHOSEN.further_than(10.0, mask) is CHOSEN


def test_blood_in_the_same_box_but_too_far_leaves_every_voxel():
    """The box is only a shortcut: the distance decides."""
    affine = np.eye(4)
    reach = CHOSEN.lps_mm.max(axis=0)
    affine[:3, 3] = reach + 9.0
    corner = MaskGrid(np.ones((1, 1, 1), np.float32), affine)

    assert len(CHOSEN.further_than(10.0, corner).indices) == len(CHOSEN.indices)


def test_nothing_chosen_stays_nothing():
    """An empty choice has nothing to leave out."""
    nothing = Voxels(VOLUME, np.empty((0, 3), np.int32))

    assert nothing.further_than(10.0, blood(0.0)) is nothing


@settings(deadline=None)
@given(arrays(bool, (4, 5, 6), elements=st.booleans()))
def test_the_largest_piece_is_one_piece_and_none_is_larger(member):
    """For every choice: connected by faces, part of it, as large as its largest piece; asked again, the same."""
    chosen = Voxels(VOLUME, np.argwhere(member).astype(np.int32) + np.array([3, 4, 5], np.int32))
    piece = chosen.largest_piece()

    pieces, _ = label(member)
    sizes = np.bincount(pieces.ravel())[1:]
    assert {*map(tuple, piece.indices)} <= {*map(tuple, chosen.indices)}
    assert len(piece.indices) == sizes.max(initial=0)
    assert len(piece.indices) == 0 or label(piece.box()[1])[1] == 1
    assert piece.largest_piece() is piece
