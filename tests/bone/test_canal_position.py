import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.bone.anatomy import CRANIAL
from cds.bone.body_axes import BodyAxes
from cds.bone.canal_position import canal_position

CENTRE = (3.0, -5.0, 100.0)


def seen(x, y, z=0.0):
    """The position of a canal so far to the left, behind and above."""
    return canal_position(CENTRE, BodyAxes(canal_lps_mm=(CENTRE[0] + x, CENTRE[1] + y, CENTRE[2] + z)))


def test_straight_behind():
    """A canal 25 mm behind is 25 mm away, without an angle, whatever its height."""
    assert seen(0, 25) == seen(0, 25, 8)
    assert (seen(0, 25).distance_mm, seen(0, 25).angle_deg) == pytest.approx((25, 0))


@pytest.mark.parametrize(("x", "y", "angle"), [(25, 25, 45), (-25, 25, 45), (25, 0, 90), (0, -25, 180)])
def test_beside_and_in_front(x, y, angle):
    """The angle grows to 180 degrees in front, alike on both sides."""
    assert seen(x, y).angle_deg == pytest.approx(angle)


def test_a_canal_that_is_not_seen_has_no_position():
    """None is not a distance."""
    assert canal_position(CENTRE, BodyAxes(CRANIAL)) is None


@given(st.floats(-40, 40), st.floats(-40, 40), st.floats(-200, 200), st.floats(-200, 200))
def test_the_place_in_the_scanner_does_not_matter(x, y, by_x, by_y):
    """Moved together, body and canal lie as before."""
    moved = canal_position((by_x, by_y, 0.0), BodyAxes(canal_lps_mm=(by_x + x, by_y + y, 0.0)))

    assert moved.distance_mm == pytest.approx(seen(x, y).distance_mm, abs=1e-6)
