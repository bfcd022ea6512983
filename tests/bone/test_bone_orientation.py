from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.bone.anatomy import Spine, VertebralLevel
from cds.bone.orientation import orientation_flags, refuse_orientation
from cds.ct.reason import SENTENCES
from tests.bone.phantom import L1, L2, L3, T12, a_body, a_canal

ROW = tuple(a_body(level) for level in (T12, L1, L2, L3))
SPINE = Spine(ROW, 1.0, spinal_canal=a_canal())


def codes(spine):
    """Why the whole scan is refused."""
    return [reason.code for reason in refuse_orientation(spine)]


def reversed_row(bodies):
    """The same names from below upwards."""
    places = [body.centre_lps_mm for body in bodies]
    return tuple(replace(body, centre_lps_mm=place) for body, place in zip(bodies, reversed(places), strict=True))


def test_a_spine_as_it_should_be():
    """Names downwards, canal behind."""
    assert codes(SPINE) == []


def test_names_that_run_upwards():
    """A lower level above a higher one, along most of the row, is a patient upside down."""
    assert codes(replace(SPINE, bodies=reversed_row(ROW))) == ["orientation-upside-down"]


def test_one_pair_exchanged_is_no_patient_upside_down():
    """Most of the row decides."""
    t12, l1, l2, l3 = ROW
    exchanged = (t12, replace(l1, centre_lps_mm=l2.centre_lps_mm), replace(l2, centre_lps_mm=l1.centre_lps_mm), l3)

    assert codes(replace(SPINE, bodies=exchanged)) == []


def test_a_canal_in_front_of_the_bodies():
    """The front is where the back should be."""
    in_front = a_canal(centre_mm=(0.0, -24.0))

    assert codes(replace(SPINE, spinal_canal=in_front)) == ["orientation-front-to-back"]


@pytest.mark.parametrize("turn", ["upside-down", "front-to-back", "sideways"])
def test_what_the_segmenter_saw_is_believed(turn):
    """Without a body there is still a reason, with a sentence of its own."""
    found = codes(Spine((), 0.0, turns=(turn,)))

    assert found == [f"orientation-{turn}"]
    assert "orientation labels" in SENTENCES[found[0]]


def test_both_kinds_of_evidence_make_one_reason():
    """What is seen twice is told once."""
    assert codes(replace(SPINE, bodies=reversed_row(ROW), turns=("upside-down",))) == ["orientation-upside-down"]


@given(st.sets(st.sampled_from(VertebralLevel)))
def test_no_row_in_order_is_upside_down(levels):
    """Whatever levels are seen, in their order they are not refused."""
    assert codes(Spine(tuple(a_body(level) for level in levels), 1.0)) == []


def test_a_mirrored_patient_carries_a_flag():
    """Situs inversus and exchanged sides are no reason to refuse."""
    assert orientation_flags(replace(SPINE, is_mirrored=True)) == ("mirrored",)
    assert orientation_flags(SPINE) == ()
    assert codes(replace(SPINE, is_mirrored=True)) == []
