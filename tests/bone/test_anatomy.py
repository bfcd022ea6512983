from dataclasses import replace

import pytest

from cds.bone.anatomy import CRANIAL, Spine, VertebralLevel, cranial_axis
from tests.bone.phantom import L1, L2, T12, a_body


def a_spine(*bodies):
    """These bodies, named with confidence."""
    return Spine(bodies, 1.0)


def test_a_straight_spine_points_up():
    """Between neighbours above and below one another the axis is LPS +z."""
    spine = a_spine(a_body(T12), a_body(L1), a_body(L2))

    assert cranial_axis(spine, L1) == pytest.approx(CRANIAL)


def test_a_lordotic_spine_tilts_the_axis():
    """The axis runs from the lower neighbour's centre to the upper one's."""
    upper = replace(a_body(T12), centre_lps_mm=(0.0, 10.0, 35.0))
    lower = replace(a_body(L2), centre_lps_mm=(0.0, -10.0, -35.0))
    axis = cranial_axis(a_spine(upper, a_body(L1), lower), L1)

    assert axis == pytest.approx((0, 20 / 72.801, 70 / 72.801), abs=1e-4)


def test_the_last_body_uses_the_neighbour_it_has():
    """At the end of the spine one neighbour is enough."""
    lower = replace(a_body(L2), centre_lps_mm=(5.0, 0.0, -35.0))

    assert cranial_axis(a_spine(a_body(L1), lower), L2) == pytest.approx((-5 / 35.355, 0, 35 / 35.355), abs=1e-4)


def test_a_lone_body_stands_upright():
    """Without neighbours the scan's own axis is taken."""
    assert cranial_axis(a_spine(a_body(L1)), L1) == CRANIAL


def test_impossible_neighbours_are_not_believed():
    """Centres that lie beside or below each other do not tilt the region."""
    beside = replace(a_body(L2), centre_lps_mm=(80.0, 0.0, -5.0))

    assert cranial_axis(a_spine(a_body(L1), beside), L1) == CRANIAL


def test_levels_know_their_region():
    """T7 to T12 are thoracic, L1 to L5 are not."""
    assert [level for level in VertebralLevel if level.is_thoracic] == ["T7", "T8", "T9", "T10", "T11", "T12"]
