import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.bone.anatomy import VertebralLevel as Level
from cds.bone.body_frame import BodyFrame, frame_of
from cds.bone.body_shape import height_factor, section_cm2, section_factor, symmetry, tallest_mm
from cds.bone.reference_body import REFERENCE
from cds.bone.vertebral_height import BodyHeights
from tests.bone.phantom import BODY_HALF_MM, L1, a_body, crush, signed_depth_mm, wedge

CRANIAL = (0.0, 0.0, 1.0)
EMPTY = BodyFrame(np.zeros((4, 4, 4)), np.eye(4))
SECTION_CM2 = np.pi * BODY_HALF_MM[0] * BODY_HALF_MM[1] / 100


def frame(shape=signed_depth_mm):
    """A body of this shape, in its frame."""
    return frame_of(a_body(shape_mm=shape).mask, CRANIAL)


def test_the_section_is_that_of_the_ellipse():
    """Within 3 % of pi a b."""
    assert section_cm2(frame()) == pytest.approx(SECTION_CM2, rel=0.03)


@pytest.mark.parametrize("shape", [wedge(12.0, 24.0), crush(12.0)], ids=["wedge", "crush"])
def test_a_collapse_spares_the_section(shape):
    """A body that lost half its height in front, or everywhere, keeps its cross-section within 8 %."""
    assert section_cm2(frame(shape)) == pytest.approx(SECTION_CM2, rel=0.08)


def test_factors_are_lengths():
    """Twice the mean size of a level is a factor of two, in section as in height."""
    size = REFERENCE[L1]
    half = (size.width_mm, size.depth_mm, size.height_mm)
    double = frame_of(a_body(half_mm=half).mask, CRANIAL)

    assert section_factor(double, L1) == pytest.approx(2, rel=0.02)
    assert height_factor(2 * size.height_mm, L1) == 2


@pytest.mark.parametrize("shape", [signed_depth_mm, wedge(8.0, 26.0), crush(9.0)], ids=["plain", "wedge", "crush"])
def test_a_body_is_symmetric(shape):
    """Nearly all of a body, collapsed or not, has its counterpart."""
    assert symmetry(frame(shape)) > 0.97


@pytest.mark.parametrize("depth_mm", [8.0, 14.0, 20.0])
def test_what_sticks_out_on_one_side_is_seen(depth_mm):
    """Of a body with 15 mm of something beside it, that share has no counterpart."""

    def leaking(x, y, z):
        other = np.minimum.reduce(np.broadcast_arrays(x, 36 - x, depth_mm / 2 - np.abs(y), 10 - np.abs(z)))
        return np.maximum(signed_depth_mm(x, y, z), other)

    found = frame_of(a_body(shape_mm=leaking, half_mm=(44.0, 20.0, 16.0)).mask, CRANIAL)
    plain_cm2, leak_cm2 = SECTION_CM2, 15 * depth_mm / 100

    assert symmetry(found) == pytest.approx(plain_cm2 / (plain_cm2 + leak_cm2), abs=0.05)


def test_nothing_has_no_shape():
    """An empty frame has no section and no symmetry, and is no fault."""
    assert (section_cm2(EMPTY), symmetry(EMPTY)) == (0, 0)


def test_the_tallest_is_one_of_the_three():
    """Anterior, middle or posterior."""
    assert tallest_mm(BodyHeights(anterior=20, middle=25, posterior=22)) == 25


@given(st.sampled_from(Level), st.floats(1, 60))
def test_height_factors_scale(level, height_mm):
    """Twice the height is twice the factor."""
    assert height_factor(2 * height_mm, level) == pytest.approx(2 * height_factor(height_mm, level))
