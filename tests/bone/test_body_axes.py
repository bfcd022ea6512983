from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.bone.anatomy import CRANIAL, POSTERIOR, MaskGrid, Spine
from cds.bone.body_axes import axes_of
from tests.bone.phantom import CANAL_Y_MM, L1, L2, T12, a_body, a_canal, signed_depth_mm


def a_spine(*bodies, canal=None):
    """These bodies, named with confidence."""
    return Spine(bodies, 1.0, spinal_canal=canal)


def leaning(lean_deg):
    """The canal, leaning backwards about the origin."""
    lean, mask = np.radians(lean_deg), a_canal()
    turn = np.array([[1, 0, 0], [0, np.cos(lean), np.sin(lean)], [0, -np.sin(lean), np.cos(lean)]])
    affine = mask.affine_lps.copy()
    affine[:3] = turn @ affine[:3]
    return MaskGrid(mask.inside, affine)


def test_a_straight_spine_points_up():
    """Between neighbours above and below one another the axis is LPS +z."""
    assert axes_of(a_spine(a_body(T12), a_body(L1), a_body(L2)), L1).cranial == pytest.approx(CRANIAL)


def test_a_lordotic_spine_tilts_the_axis():
    """The axis runs from the lower neighbour's centre to the upper one's."""
    upper = replace(a_body(T12), centre_lps_mm=(0.0, 10.0, 35.0))
    lower = replace(a_body(L2), centre_lps_mm=(0.0, -10.0, -35.0))
    cranial = axes_of(a_spine(upper, a_body(L1), lower), L1).cranial

    assert cranial == pytest.approx((0, 20 / 72.801, 70 / 72.801), abs=1e-4)


def test_the_last_body_follows_the_canal():
    """At an end of the row the canal tells more than one neighbour."""
    cranial = axes_of(a_spine(a_body(T12), a_body(L1), canal=leaning(15)), L1).cranial

    assert cranial == pytest.approx((0, np.sin(np.radians(15)), np.cos(np.radians(15))), abs=0.03)


def test_without_a_canal_the_last_body_uses_the_neighbour_it_has():
    """One neighbour is enough."""
    lower = replace(a_body(L2), centre_lps_mm=(5.0, 0.0, -35.0))
    cranial = axes_of(a_spine(a_body(L1), lower), L2).cranial

    assert cranial == pytest.approx((-5 / 35.355, 0, 35 / 35.355), abs=1e-4)


def test_a_lone_body_follows_the_canal():
    """Without neighbours the canal is all there is, but better than the scan's axis."""
    alone = a_spine(a_body(L1), canal=leaning(-20))

    assert axes_of(alone, L1).cranial == pytest.approx((0, np.sin(np.radians(-20)), np.cos(np.radians(20))), abs=0.03)


def test_a_lone_body_without_a_canal_stands_upright():
    """Without neighbours and canal the scan's own axes are taken."""
    axes = axes_of(a_spine(a_body(L1)), L1)

    assert (axes.cranial, axes.posterior, axes.canal_lps_mm) == (CRANIAL, POSTERIOR, None)


def test_impossible_neighbours_are_not_believed():
    """Centres that lie beside or below each other do not tilt the region."""
    beside = replace(a_body(L2), centre_lps_mm=(80.0, 0.0, -5.0))

    assert axes_of(a_spine(a_body(L1), beside), L1).cranial == CRANIAL


@pytest.mark.parametrize("turn_deg", [-40, -15, 20, 45])
def test_a_turned_patient_has_the_back_where_the_canal_is(turn_deg):
    """The posterior direction points at the canal, in a patient rolled to either side."""
    turn = np.radians(turn_deg)
    there = (CANAL_Y_MM * float(np.sin(turn)), CANAL_Y_MM * float(np.cos(turn)))
    axes = axes_of(a_spine(a_body(T12), a_body(L1), a_body(L2), canal=a_canal(centre_mm=there)), L1)

    assert axes.posterior == pytest.approx((np.sin(turn), np.cos(turn), 0), abs=0.03)


def test_a_canal_in_front_does_not_turn_the_body():
    """A canal where none can be is reported, and the patient's own back is taken."""
    axes = axes_of(a_spine(a_body(T12), a_body(L1), a_body(L2), canal=a_canal(centre_mm=(0.0, -24.0))), L1)

    assert axes.posterior == pytest.approx(POSTERIOR)
    assert axes.canal_lps_mm == pytest.approx((0, -24, 0), abs=0.5)


@given(st.floats(-30, 30), st.floats(-30, 30), st.floats(-20, 20), st.booleans())
def test_the_axes_are_perpendicular_unit_vectors(x, y, z, has_canal):
    """Wherever the neighbours lie, both axes have length one and stand at right angles."""
    upper = replace(a_body(T12), centre_lps_mm=(x, y, 35.0 + z))
    lower = replace(a_body(L2), centre_lps_mm=(-y, x, -35.0))
    axes = axes_of(a_spine(upper, a_body(L1), lower, canal=a_canal() if has_canal else None), L1)

    assert np.linalg.norm(axes.cranial) == pytest.approx(1)
    assert np.linalg.norm(axes.posterior) == pytest.approx(1)
    assert np.dot(axes.cranial, axes.posterior) == pytest.approx(0, abs=1e-9)


def test_what_leaks_beside_a_body_does_not_turn_it():
    """A muscle outlined with the body moves its mean by 6 mm, its core and back by next to nothing."""

    def leaking(x, y, z):
        muscle = np.minimum.reduce(np.broadcast_arrays(x, 46 - x, 10 - np.abs(y), 9 - np.abs(z)))
        return np.maximum(signed_depth_mm(x, y, z), muscle)

    body = replace(a_body(L1, shape_mm=leaking, half_mm=(52.0, 20.0, 16.0)), centre_lps_mm=(6.0, 0.0, 0.0))
    axes = axes_of(a_spine(a_body(T12), body, a_body(L2), canal=a_canal()), L1)

    assert axes.core_lps_mm == pytest.approx((0, 0, 0), abs=1.5)
    assert axes.posterior == pytest.approx((0, 1, 0), abs=0.06)


def test_an_empty_mask_has_no_core():
    """Nothing is deepest nowhere."""
    body = replace(a_body(L1), mask=MaskGrid(np.zeros((3, 3, 3), np.float32), np.eye(4)))

    assert axes_of(a_spine(body, canal=a_canal()), L1).core_lps_mm is None
