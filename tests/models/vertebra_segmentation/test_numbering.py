from collections.abc import Sequence

import numpy as np
import pytest

from models.vertebra_segmentation.instances import Instance
from models.vertebra_segmentation.labels import COARSE_CLASSES, coarse_index
from models.vertebra_segmentation.numbering import number_bodies
from models.vertebra_segmentation.spine_map import SpineMap

SPACING_MM = 30.0


def _body(place: float, *, volume_ml: float = 30.0, rib_ml: float = 0.0, is_cut: bool = False) -> Instance:
    """A body whose core is one point at `place` (slice index from cranial) of the map below."""
    centre = np.array([0.0, 0.0, -SPACING_MM * place])
    return Instance(np.ones((1, 1, 1), np.float32), np.eye(4), centre[None], centre, volume_ml, is_cut, rib_ml)


def _map(votes: Sequence[dict[str, float]]) -> SpineMap:
    """A map one voxel wide; slice n votes as `votes[n]` says."""
    probabilities = np.full((len(COARSE_CLASSES), len(votes), 1, 1), 1e-4, np.float32)
    for place, vote in enumerate(votes):
        for name, share in vote.items():
            probabilities[coarse_index(name), place] = share
    affine = np.diag([0.0, 0.0, 0.0, 1.0])
    affine[2, 0], affine[1, 1], affine[0, 2] = -SPACING_MM, 1.0, 1.0
    return SpineMap(probabilities, affine)


def _sure(*levels: str) -> list[dict[str, float]]:
    return [{level: 0.95} for level in levels]


def test_certain_votes_name_the_bodies() -> None:
    """Bodies whose votes are in order are named as voted, with high confidence."""
    levels = ("T11", "T12", "L1", "L2")
    bodies = [_body(n, rib_ml=2.0 if level.startswith("T") else 0.0) for n, level in enumerate(levels)]
    numbering = number_bodies(bodies, _map(_sure(*levels)))

    assert [body.level for body in numbering.bodies] == list(levels)
    assert numbering.confidence > 0.9


def test_one_wrong_vote_is_overruled() -> None:
    """Levels stay consecutive where one body votes for its neighbour's name; that body does not agree."""
    numbering = number_bodies([_body(n) for n in range(4)], _map(_sure("T12", "L1", "L1", "L3")))

    assert [body.level for body in numbering.bodies] == ["T12", "L1", "L2", "L3"]
    assert [body.name_agrees for body in numbering.bodies] == [True, True, False, True]


def test_a_missed_body_leaves_a_gap() -> None:
    """Where one body was missed, the next keeps its own name."""
    numbering = number_bodies([_body(0), _body(1), _body(3), _body(4)], _map(_sure("T11", "T12", "L1", "L2", "L3")))

    assert [body.level for body in numbering.bodies] == ["T11", "T12", "L2", "L3"]


def test_a_body_taken_for_two_is_one() -> None:
    """Two halves of a body give one body: the larger half."""
    spine = _map(_sure("T12", "L1", "L1", "L2"))
    halves = [_body(0), _body(1, volume_ml=20.0), _body(1.4, volume_ml=8.0), _body(3)]
    numbering = number_bodies(halves, spine)

    assert [body.level for body in numbering.bodies] == ["T12", "L1", "L2"]
    assert numbering.bodies[1].instance.volume_ml == 20.0


@pytest.mark.parametrize(
    ("ribs", "reason"),
    [
        ((2.0, 0.0, 0.0), "T12 carries no rib"),
        ((2.0, 2.0, 2.0), "L1 carries a rib"),
    ],
)
def test_ribs_against_the_numbering_lower_the_confidence(ribs: tuple[float, ...], reason: str) -> None:
    """Where ribs end elsewhere than at T12, the confidence falls below one half."""
    bodies = [_body(n, rib_ml=rib) for n, rib in enumerate(ribs)]
    numbering = number_bodies(bodies, _map(_sure("T11", "T12", "L1")))

    assert numbering.confidence < 0.5, reason


def test_no_bodies_no_confidence() -> None:
    """Without bodies there is nothing to be sure of."""
    numbering = number_bodies([], _map(_sure("L1")))

    assert numbering.bodies == ()
    assert numbering.confidence == 0.0
