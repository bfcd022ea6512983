import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.bone.numbering import CERTAIN_FROM, REFUSED_BELOW
from cds.inference.label_checks import (
    ANCHORED,
    ANCHORED_TWICE,
    CONTRADICTED,
    DOUBTED,
    UNANCHORED,
    judge_numbering,
)
from cds.inference.label_names import COLUMN
from tests.inference.label_builder import a_body

NO_SACRUM = np.empty((0, 3))
NORMAL = [level for level in COLUMN if level not in {"T13", "L6"}]


def a_row(levels, pitch_mm=30.0):
    """Bodies under each other."""
    return [a_body(level, -pitch_mm * place) for place, level in enumerate(levels)]


def judged(levels, sides=None, sacrum=NO_SACRUM):
    """The verdict on an even row."""
    row = a_row(levels)
    return judge_numbering(row, [None] * len(row) if sides is None else sides, sacrum)


def below(levels, gap_mm=16.0):
    """A sacrum that begins so far below the lowest centre."""
    return np.array([[0.0, 0.0, -30.0 * (len(levels) - 1) - gap_mm - step] for step in range(20)])


def test_the_values_lie_where_the_rules_of_numbering_need_them():
    """Contradicted names are refused, doubted and unanchored ones ambiguous, anchored ones stand."""
    assert CONTRADICTED < REFUSED_BELOW <= DOUBTED < UNANCHORED < CERTAIN_FROM <= ANCHORED < ANCHORED_TWICE < 1


@pytest.mark.parametrize(
    ("levels", "sides", "sacrum", "confidence"),
    [
        (("T12", "L1", "L2"), None, False, UNANCHORED),
        (("T12", "L1", "L2"), (2, 0, 0), False, ANCHORED),
        (("T12", "L1", "L2"), (1, 0, 0), False, ANCHORED),
        (("L3", "L4", "L5"), None, True, ANCHORED),
        (("T12", "L1", "L2", "L3", "L4", "L5"), (2, 0, 0, 0, 0, 0), True, ANCHORED_TWICE),
        # ribs in view, but not where they end
        (("T10", "T11", "T12"), (2, 2, 2), False, UNANCHORED),
        (("T11", "T12", "L1"), (2, 2, None), False, UNANCHORED),
        # a landmark elsewhere
        (("T12", "L1", "L2"), (2, 2, 0), False, DOUBTED),
        (("T11", "T12", "L1"), (2, 0, 0), False, DOUBTED),
        (("T12", "L1"), (2, 2), False, DOUBTED),
        (("L2", "L3", "L4"), None, True, DOUBTED),
        # transitional anatomy
        (("T12", "T13", "L1"), (2, 2, 0), False, DOUBTED),
        (("L4", "L5", "L6"), None, False, DOUBTED),
        # a body missed: the names skip it, and so does the distance
        (("T12", "T11", "L1"), None, False, CONTRADICTED),
    ],
)
def test_confidence_follows_the_landmarks(levels, sides, sacrum, confidence):
    """Order first, then where ribs end and the sacrum begins."""
    verdict = judged(levels, sides, below(levels) if sacrum else NO_SACRUM)

    assert verdict.confidence == confidence


def test_l5_far_above_the_sacrum_is_doubted():
    """A body is missing between the one called L5 and the sacrum."""
    levels = ("L3", "L4", "L5")

    assert judged(levels, sacrum=below(levels, gap_mm=46.0)).confidence == DOUBTED


@given(st.integers(0, len(NORMAL) - 2), st.integers(2, 10), st.floats(22, 40))
def test_an_even_row_is_never_certain_without_a_landmark(first, count, pitch_mm):
    """However long a consistent row, its names alone do not prove themselves."""
    row = a_row(NORMAL[first : first + count], pitch_mm)

    assert judge_numbering(row, [None] * len(row), NO_SACRUM).confidence == UNANCHORED


@given(st.permutations(NORMAL[14:20]))
def test_any_other_order_is_refused(levels):
    """Only one order of names runs from cranial to caudal."""
    expected = UNANCHORED if list(levels) == NORMAL[14:20] else CONTRADICTED

    assert judged(levels).confidence == expected


@given(st.integers(1, 5))
def test_a_skipped_level_needs_its_room(place):
    """Names that leave one out are doubted where the bodies stand close, and fit where there is room."""
    levels = NORMAL[12:20]
    named = [*levels[:place], *levels[place + 1 :]]
    close = judge_numbering(a_row(named), [None] * len(named), NO_SACRUM)
    heights = {level: -30.0 * index for index, level in enumerate(levels)}
    roomy = judge_numbering([a_body(level, heights[level]) for level in named], [None] * len(named), NO_SACRUM)

    assert close.confidence == DOUBTED
    assert {levels[place - 1], levels[place + 1]} <= close.doubted
    assert roomy.confidence == UNANCHORED


@pytest.mark.parametrize("facts", [{"volume_ml": 9.0}, {"second_piece": 0.5}])
def test_an_odd_body_is_doubted(facts):
    """A body far smaller than its neighbours, or in two pieces, makes its own name doubtful."""
    row = [a_body("T12", 30.0), a_body("L1", 0.0, **facts), a_body("L2", -30.0)]
    verdict = judge_numbering(row, [2, 0, 0], NO_SACRUM)

    assert verdict.confidence == DOUBTED
    assert "L1" in verdict.doubted


def test_a_cut_body_is_not_judged_by_its_size():
    """What the border leaves of a body, its size and its pieces, says nothing about the names."""
    cut = a_body("T12", 22.0, volume_ml=5.0, second_piece=0.6, cut_by_border=True)
    row = [cut, a_body("L1", 0.0), a_body("L2", -30.0)]

    assert judge_numbering(row, [None] * 3, NO_SACRUM).confidence == UNANCHORED


def test_nothing_found_is_nothing_known():
    """An empty row has no confidence."""
    assert judge_numbering([], [], NO_SACRUM).confidence == CONTRADICTED
