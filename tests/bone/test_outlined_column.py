from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds.bone.anatomy import VertebralLevel
from cds.bone.outlined_column import outlined_column
from tests.bone.phantom import (
    L1,
    L2,
    L3,
    T12,
    Trunk,
    a_body,
    a_canal,
    a_series,
    crush,
    flipped,
    moved_lps,
    wedge,
    with_axes,
)

T11 = VertebralLevel.T11
FIVE = Trunk(
    bone_hu=dict.fromkeys((T11, T12, L1, L2, L3), 130),
    spacing_mm=(2.0, 2.0, 2.0),
    extent_mm=(220.0, 120.0, 140.0),
    centre_mm=(0.0, 0.0, -1.0),
    table=False,
)
few = settings(max_examples=8, deadline=None)


def column(trunk=FIVE, **facts):
    """All bodies of a patient, outlined."""
    return outlined_column(trunk.volume(), replace(trunk.spine(), **facts))


def losses(found):
    """Loss of height by level."""
    return {level: body.height_loss_percent for level, body in found.bodies.items()}


PLAIN = column()


def test_a_plain_spine_is_believed():
    """Every body stands, none lost height."""
    assert set(PLAIN.bodies) == set(FIVE.bone_hu)
    assert (PLAIN.doubts, PLAIN.refused) == ({}, {})
    assert max(losses(PLAIN).values()) < 10


@pytest.mark.parametrize("level", [T12, L1, L2])
@pytest.mark.parametrize(("height_mm", "loss"), [(17.5, 35), (12.0, 55)])
def test_a_crush_fracture_is_seen_beside_its_neighbours(level, height_mm, loss):
    """A body that fell evenly from 27 mm shows its loss; the others show none."""
    found = losses(column(FIVE.but(shapes={level: crush(height_mm)})))

    assert found.pop(level) == pytest.approx(loss, abs=6)
    assert max(found.values()) < 12


def test_a_wedge_keeps_its_own_loss():
    """What the body shows by itself is not lessened by its neighbours."""
    found = losses(column(FIVE.but(shapes={L1: wedge(8.0, 27.0)})))

    assert found[L1] > 40


@pytest.mark.parametrize("missed", [wedge(9.0, 26.0), crush(14.0)], ids=["a corner", "a half"])
def test_an_outline_that_misses_bone_is_no_fracture(missed):
    """Where the bone goes on beyond the outline, the outline is in doubt and no loss is believed."""
    bodies = tuple(a_body(L1, shape_mm=missed) if body.level == L1 else body for body in FIVE.spine().bodies)
    found = column(bodies=bodies)

    assert [reason.code for reason in found.doubts[L1]] == ["level-edge"]
    assert set(found.doubts) == {L1}


def test_thick_slices_tell_no_height():
    """Over 3 mm neither the body nor its neighbours tell."""
    thick = FIVE.but(shapes={L1: crush(13.0)}, series=a_series(slice_thickness_mm=4.0))

    assert set(losses(column(thick)).values()) == {None}


def test_a_doubted_body_is_no_measure_and_keeps_out_of_it():
    """A floating outline is named, and judges no neighbour."""
    spine = FIVE.spine()
    bodies = tuple(_floating(body) if body.level == L1 else body for body in spine.bodies)
    found = column(bodies=bodies, spinal_canal=None)

    assert [reason.code for reason in found.doubts[L1]] == ["level-edge"]
    assert set(found.doubts) == {L1}
    assert max(loss for level, loss in losses(found).items() if level != L1) < 10


def _floating(body):
    affine = body.mask.affine_lps.copy()
    affine[:3, 3] += (0.0, -30.0, 0.0)
    return replace(body, mask=replace(body.mask, affine_lps=affine))


def test_a_body_unlike_its_neighbours_is_named():
    """A narrow body in a row of wide ones stands by itself, not beside them."""
    narrow = lambda x, y, z: wedge(27.0, 27.0)(x / 0.78, y / 0.78, z)  # noqa: E731 (a shape, like the others)
    found = column(FIVE.but(shapes={L1: narrow}))

    assert [reason.code for reason in found.doubts[L1]] == ["level-uneven-outline"]
    assert set(found.doubts) == {L1}


def test_a_cut_body_is_refused_by_name():
    """Cut bodies have no outline to judge."""
    bodies = tuple(replace(body, cut_by_border=body.level == T11) for body in FIVE.spine().bodies)
    found = column(bodies=bodies)

    assert [reason.code for reason in found.refused[T11]] == ["level-cut"]
    assert T11 not in found.bodies


def test_bodies_without_a_canal_are_doubted():
    """Where the canal was looked for and not seen, no outline is believed."""
    found = column(spinal_canal=a_canal(z_mm=(-500.0, -400.0)))

    assert set(found.doubts) == set(FIVE.bone_hu)
    assert {reason.code for reasons in found.doubts.values() for reason in reasons} == {"level-without-canal"}


@few
@given(st.tuples(*[st.floats(-400, 400)] * 3))
def test_the_place_in_the_scanner_does_not_matter(by_mm):
    """Moved in patient space, every body has the same size, loss and verdict."""
    found = outlined_column(*moved_lps(FIVE.volume(), FIVE.spine(), by_mm))

    assert found.doubts == PLAIN.doubts
    assert losses(found) == pytest.approx(losses(PLAIN), abs=1.5)


@few
@given(st.permutations((0, 1, 2)), st.sets(st.sampled_from((0, 1, 2))))
def test_the_storage_order_does_not_matter(order, reversed_axes):
    """However the axes are stored, the same bodies stand with the same heights."""
    volume = FIVE.volume()
    for axis in reversed_axes:
        volume = flipped(volume, axis)
    found = outlined_column(with_axes(volume, order), FIVE.spine())

    assert (found.doubts, found.refused) == (PLAIN.doubts, PLAIN.refused)
    assert losses(found) == pytest.approx(losses(PLAIN), abs=1e-6)
    assert np.array([b.frame.volume_cm3 for b in found.bodies.values()]) == pytest.approx(
        np.array([b.frame.volume_cm3 for b in PLAIN.bodies.values()])
    )


def test_a_row_with_pedicles_below_is_turned():
    """Where the pedicles leave the lower halves, the whole row is not believed, whatever it is called."""
    found = column(FIVE.but(pedicles_mm=(-11, -1)))

    assert [reason.code for reason in found.turned] == ["orientation-upside-down"]
    assert column(FIVE.but(pedicles_mm=(1, 11))).turned == PLAIN.turned == ()
