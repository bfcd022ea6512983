import numpy as np
import pytest

from cds.bone.body_frame import frame_of
from cds.bone.roi_limits import MIDDLE_HALF, VEIN_HEIGHT, clearance_mm, within_heights
from tests.bone.phantom import BODY_HALF_MM, a_body

FRAME = frame_of(a_body().mask, (0.0, 0.0, 1.0))


def positions(allowed):
    """LPS of allowed points relative to the body's centre, (n, 3)."""
    return np.argwhere(allowed) @ FRAME.affine_lps[:3, :3].T + FRAME.affine_lps[:3, 3]


def test_the_core_lies_five_millimetres_deep():
    """No point of the region is nearer than 5 mm to the outer surface."""
    allowed = clearance_mm(FRAME, 1.0) >= 0

    assert FRAME.below_surface_mm[allowed].min() >= 5


@pytest.mark.parametrize(("slice_mm", "margin_mm"), [(1.0, 5.0), (3.0, 5.0), (5.0, 5.5), (8.0, 7.0)])
def test_thick_slices_keep_away_from_endplates(slice_mm, margin_mm):
    """The margin to the endplates is max(5 mm, slice / 2 + 3 mm)."""
    heights = positions(clearance_mm(FRAME, slice_mm) >= 0)[:, 2]

    assert np.abs(heights).max() == pytest.approx(BODY_HALF_MM[2] - margin_mm, abs=1.0)


def test_the_posterior_third_is_left_out_at_mid_height():
    """In the middle 40 % of the height nothing lies behind two thirds of the depth."""
    points = positions(clearance_mm(FRAME, 1.0) >= 0)
    height = BODY_HALF_MM[2]
    at_middle = np.abs(points[:, 2]) < (VEIN_HEIGHT[1] - 0.5) * 2 * height - 1
    limit = -BODY_HALF_MM[1] + 2 / 3 * 2 * BODY_HALF_MM[1]

    assert points[at_middle][:, 1].max() <= limit + 1
    assert points[~at_middle][:, 1].max() > limit + 2


def test_the_middle_half_is_half_the_height():
    """Points within the middle half lie between a quarter and three quarters of the height."""
    points = positions((within_heights(FRAME, MIDDLE_HALF) >= 0) & FRAME.inside)

    assert np.abs(points[:, 2]).max() == pytest.approx(BODY_HALF_MM[2] / 2, abs=1.0)


def test_fields_are_negative_outside_the_body():
    """No point outside the outline has clearance."""
    assert clearance_mm(FRAME, 1.0)[~FRAME.inside].max() < 0
