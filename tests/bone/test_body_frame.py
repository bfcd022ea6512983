import numpy as np
import pytest

from cds.bone.anatomy import MaskGrid
from cds.bone.body_frame import cropped, frame_of
from tests.bone.phantom import BODY_HALF_MM, a_body, signed_depth_mm

CRANIAL = (0.0, 0.0, 1.0)


def test_an_empty_mask_has_no_frame():
    """Where nothing reaches the surface probability there is no body."""
    mask = MaskGrid(np.full((5, 5, 5), 0.4, np.float32), np.eye(4))

    assert frame_of(mask, CRANIAL) is None


def test_the_frame_keeps_volume_and_extent():
    """Resampling to 1 mm keeps the volume within 3 % and each side within 1 mm."""
    frame = frame_of(a_body().mask, CRANIAL)
    width, depth, height = (2 * half for half in BODY_HALF_MM)

    assert frame.volume_cm3 == pytest.approx(np.pi * width * depth / 4 * height / 1000, rel=0.03)
    assert frame.extent_mm == pytest.approx((height, depth, width), abs=1.01)


def test_depth_below_the_surface_is_a_distance():
    """The deepest point of the body lies half its height below the surface."""
    frame = frame_of(a_body().mask, CRANIAL)

    assert frame.below_surface_mm.max() == pytest.approx(BODY_HALF_MM[2], abs=0.8)
    assert frame.below_surface_mm[~frame.inside].max() == 0


def test_endplates_are_measured_along_the_height():
    """On the axis the distances to both endplates sum to the height."""
    frame = frame_of(a_body().mask, CRANIAL)
    middle = tuple(n // 2 for n in frame.inside.shape)
    lower, upper = frame.from_endplates_mm

    assert lower[middle] + upper[middle] == pytest.approx(2 * BODY_HALF_MM[2], abs=1.01)


def test_columns_beside_the_body_have_no_endplates():
    """Where a column misses the body, one distance is negative at every point."""
    frame = frame_of(a_body().mask, CRANIAL)
    lower, upper = frame.from_endplates_mm

    assert np.minimum(lower, upper)[:, 0, 0].max() < 0


def test_a_tilted_body_is_seen_along_its_own_axis():
    """A body tilted by 25 degrees has the same sides in its frame as an upright one."""
    tilt = np.radians(25)

    def tilted(x, y, z):
        return signed_depth_mm(x, y * np.cos(tilt) + z * np.sin(tilt), z * np.cos(tilt) - y * np.sin(tilt))

    body = a_body(shape_mm=tilted, half_mm=(24.0, 24.0, 22.0))
    frame = frame_of(body.mask, (0.0, -float(np.sin(tilt)), float(np.cos(tilt))))
    upright = frame_of(a_body().mask, CRANIAL)

    assert frame.extent_mm == pytest.approx(upright.extent_mm, abs=2.01)


def test_depth_runs_to_posterior_and_height_to_cranial():
    """The axes of the frame point up, backwards and sideways in the patient."""
    frame = frame_of(a_body().mask, CRANIAL)

    assert frame.affine_lps[:3, 0] == pytest.approx((0, 0, 1))
    assert frame.affine_lps[:3, 1] == pytest.approx((0, 1, 0))
    assert abs(frame.affine_lps[0, 2]) == pytest.approx(1)


def test_cropping_keeps_the_place_of_every_voxel():
    """A cropped mask holds the same probabilities at the same points."""
    big = np.zeros((30, 30, 30), np.float32)
    big[10:15, 12:20, 3:9] = 1.0
    mask = MaskGrid(big, np.diag([2.0, 1.0, 1.0, 1.0]))
    small = cropped(mask)

    assert small.inside.shape == (9, 12, 10)
    assert small.affine_lps[:3, 3] == pytest.approx((16, 10, 1))
    assert small.inside.sum() == big.sum()


def test_cropping_nothing_leaves_nothing():
    """A mask without a surface crops to an empty array."""
    mask = MaskGrid(np.zeros((4, 4, 4), np.float32), np.eye(4))

    assert cropped(mask).inside.size == 0
