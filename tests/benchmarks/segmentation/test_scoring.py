import pytest

from tests.benchmarks.segmentation.builders import a_found, a_true
from tests.benchmarks.segmentation.scoring import Knowledge, score

LUMBAR = {"T12": 35, "L1": 0, "L2": -35}
ALL_KNOWN = Knowledge(tuple(LUMBAR), complete=True)


def _true(**facts):
    return [a_true(level, z, **facts) for level, z in LUMBAR.items()]


def _verdicts(rows):
    return [(row.verdict, row.true_level, row.found_level) for row in rows]


def test_everything_found_is_right():
    """Each body under its own name, in its place, with its outline."""
    rows = score([a_found(level, z) for level, z in LUMBAR.items()], _true(), ALL_KNOWN)

    assert [row.verdict for row in rows] == ["right"] * 3
    assert min(row.dice for row in rows) > 0.9
    assert max(row.centre_error_mm for row in rows) == 0


def test_names_off_by_one_are_wrong_each():
    """A row named one level too low has no right name, and nothing invented."""
    found = [a_found("L1", 35), a_found("L2", 0), a_found("L3", -35)]

    assert _verdicts(score(found, _true(), ALL_KNOWN)) == [
        ("wrong", "T12", "L1"),
        ("wrong", "L1", "L2"),
        ("wrong", "L2", "L3"),
    ]


def test_a_body_that_is_not_there_is_invented():
    """A whole body where the scan has none."""
    rows = score([*(a_found(level, z) for level, z in LUMBAR.items()), a_found("L3", -70)], _true(), ALL_KNOWN)

    assert _verdicts(rows)[-1] == ("invented", None, "L3")


def test_the_second_half_of_a_split_body_is_invented():
    """Two found bodies in one true one: the better half counts, the other is one too many."""
    rows = score([a_found("L1", 0), a_found("L2", 4)], [a_true("L1", 0)], ALL_KNOWN)

    assert _verdicts(rows) == [("right", "L1", "L1"), ("invented", None, "L2")]


def test_a_whole_body_that_was_not_found_is_missed():
    """What is cut by the border is not: it is not counted."""
    true = [a_true("T12", 35, whole=False), a_true("L1", 0)]

    assert _verdicts(score([], true, ALL_KNOWN)) == [("cut", "T12", None), ("missed", "L1", None)]


@pytest.mark.parametrize(
    ("level", "whole", "verdict"),
    [
        ("T12", True, "unlabelled"),  # in view, nobody labelled it
        ("L5", True, "invented"),  # not in view
        ("L5", False, "cut"),  # neither measured nor reported
    ],
)
def test_beyond_incomplete_labels(level, whole, verdict):
    """Where not every body is labelled, a level that the scan shows is no invention."""
    knowledge = Knowledge(("T12", "L1"), complete=False)
    rows = score([a_found(level, 40, whole=whole)], [], knowledge)

    assert [row.verdict for row in rows] == [verdict]


def test_heights_suffice_for_names():
    """A body of which only the height is known is matched within half the distance to the next."""
    true = [a_true(level, z, masked=False) for level, z in LUMBAR.items()]
    rows = score([a_found("T12", 40), a_found("L2", 5), a_found("L2", -55)], true, Knowledge(LUMBAR, complete=False))

    assert _verdicts(rows)[:3] == [("right", "T12", "T12"), ("wrong", "L1", "L2"), ("missed", "L2", None)]
    assert all(row.dice is None for row in rows)


def test_levels_that_cannot_be_told_are_not_judged():
    """In a crop around one body the outline counts, whatever its name."""
    (row,) = score([a_found("L1", 0)], [a_true("L3", 0)], Knowledge(None, complete=True))

    assert row.verdict == "unnamed"
    assert row.dice > 0.9


def test_a_record_leaves_out_what_is_not_known():
    """Plain values for JSON, rounded; the verdict always."""
    (row,) = score([], [a_true("L1", 0)], ALL_KNOWN)

    assert row.as_record() == {"verdict": "missed", "true_level": "L1"}
