import numpy as np
import pytest

from models.vertebra_segmentation.numbering import name_bodies, rib_border
from tests.models.vertebra_segmentation.spine_builder import body_at, map_of


def _sure(*levels: str) -> list[dict[str, float]]:
    return [{level: 0.95} for level in levels]


def test_certain_votes_name_the_bodies() -> None:
    """Bodies whose votes are in order are named as voted."""
    levels = ["T11", "T12", "L1", "L2"]
    named = name_bodies([body_at(n) for n in range(4)], [2, 2, 0, 0], map_of(_sure(*levels)))

    assert [body.level for body in named] == levels
    assert all(body.name_agrees for body in named)


def test_one_wrong_vote_is_overruled() -> None:
    """Levels stay consecutive where one body votes for its neighbour's name; that body does not agree."""
    named = name_bodies([body_at(n) for n in range(4)], [None] * 4, map_of(_sure("T12", "L1", "L1", "L3")))

    assert [body.level for body in named] == ["T12", "L1", "L2", "L3"]
    assert [body.name_agrees for body in named] == [True, True, False, True]


def test_ribs_decide_between_two_numberings() -> None:
    """Where the votes waver by one level, the last body with ribs is T12."""
    wavering = [{"T11": 0.5, "T10": 0.4}, {"T12": 0.5, "T11": 0.4}, {"L1": 0.5, "T12": 0.4}, {"L2": 0.5, "L1": 0.4}]
    named = name_bodies([body_at(n) for n in range(4)], [2, 2, 2, 0], map_of(wavering))

    assert [body.level for body in named] == ["T10", "T11", "T12", "L1"]


def test_a_missed_body_leaves_a_gap() -> None:
    """Where one body was missed, the next keeps its own name."""
    bodies = [body_at(n) for n in (0, 1, 3, 4, 5)]
    named = name_bodies(bodies, [None] * 5, map_of(_sure("T11", "T12", "L1", "L2", "L3", "L4")))

    assert [body.level for body in named] == ["T11", "T12", "L2", "L3", "L4"]


def test_a_body_taken_for_two_is_one() -> None:
    """Two halves of a body give one body: the larger half."""
    halves = [body_at(0), body_at(1), body_at(2, volume_ml=20.0), body_at(2.35, volume_ml=8.0), body_at(3), body_at(4)]
    named = name_bodies(halves, [None] * 6, map_of(_sure("T11", "T12", "L1", "L2", "L3")))

    assert [body.level for body in named] == ["T11", "T12", "L1", "L2", "L3"]
    assert named[2].instance.volume_ml == 20.0


def test_bodies_above_t7_and_the_sacrum_have_no_name() -> None:
    """Only T7 to L5 are named."""
    above = name_bodies([body_at(n) for n in range(3)], [2, 2, 2], map_of(_sure("T5", "T6", "T7")))
    below = name_bodies([body_at(n) for n in range(3)], [0, 0, 0], map_of(_sure("L4", "L5", "sacrum")))

    assert [body.level for body in above] == ["T7"]
    assert [body.level for body in below] == ["L4", "L5"]


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ([2, 2, 1, 0], [None, None, True, False]),
        ([2, 0, 1, 0], [None, None, True, False]),  # a rib that was missed between two that were not
        ([0, 0], [False, None]),
        ([None, 1, None], [None, True, None]),
        ([2, 2], [None, True]),
        ([], []),
    ],
)
def test_ribs_end_once(seen: list[int | None], expected: list[bool | None]) -> None:
    """Only the last body with a rib and the next one speak; every body above the last has ribs, outlined or not."""
    assert rib_border(seen) == expected


def test_nothing_to_name() -> None:
    """Without bodies there are no names."""
    assert name_bodies([], [], map_of(_sure("L1"))) == ()
    assert np.isfinite(map_of(_sure("L1")).probabilities).all()


def test_a_name_is_probable_where_the_votes_agree() -> None:
    """The probability of a name falls as another numbering comes close, and halves where two are alike."""
    sure = name_bodies([body_at(n) for n in range(3)], [None] * 3, map_of(_sure("T12", "L1", "L2")))
    alike = [{"T12": 0.48, "T11": 0.48}, {"L1": 0.48, "T12": 0.48}, {"L2": 0.48, "L1": 0.48}]
    torn = name_bodies([body_at(n) for n in range(3)], [None] * 3, map_of(alike))

    assert all(body.probability > 0.95 for body in sure)
    assert all(0.4 < body.probability < 0.6 for body in torn)
