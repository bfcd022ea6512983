"""Naming the bodies of a spine: the likeliest sequence of consecutive levels.

Each body votes through the coarse network's probabilities in its core. A Viterbi search finds the
sequence that explains all votes, allowing for a body that was missed or taken for two.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.vertebra_segmentation.instances import Instance
from models.vertebra_segmentation.labels import BODY_CLASSES, LEVELS, UPPER, coarse_index
from models.vertebra_segmentation.spine_map import SpineMap

STATES = (*BODY_CLASSES, "sacrum")
_REPEATABLE = {UPPER, "sacrum"}
_LEAST_VOTE = 1e-3
"""Floor of a vote, so that one body cannot veto a sequence."""

_SPACING_SD = 0.3
"""Spread of the distance between neighbours, relative to the local median."""

_LOG_STEP = {0: -5.0, 1: 0.0, 2: -5.0, 3: -8.0}
"""Log prior of a step of so many levels: one body taken for two, the rule, bodies missed."""

RIB_ML = 0.35
"""Ribs leave at least this much beside a body that carries them."""


@dataclass(frozen=True, slots=True)
class Named:
    """A body with its level; `vote` is the share of its core that the coarse network calls so."""

    instance: Instance
    level: str
    vote: float
    name_agrees: bool


@dataclass(frozen=True, slots=True)
class Numbering:
    """The named bodies, cranial to caudal, and the confidence (0..1) in the numbering as a whole."""

    bodies: tuple[Named, ...]
    confidence: float


def number_bodies(instances: Sequence[Instance], spine: SpineMap) -> Numbering:
    """Name every body; those above T7 and the sacrum drop out, a body taken for two keeps its larger half."""
    if not instances:
        return Numbering((), 0.0)
    votes = np.stack([_votes(spine, instance) for instance in instances])
    sequence = _likeliest(np.log(np.maximum(votes, _LEAST_VOTE)), np.stack([i.centre_lps for i in instances]))
    named: dict[str, Named] = {}
    for instance, state, vote in zip(instances, sequence, votes, strict=True):
        level = STATES[state]
        if level in LEVELS and (level not in named or instance.volume_ml > named[level].instance.volume_ml):
            named[level] = Named(instance, level, float(vote[state]), bool(vote.argmax() == state))
    bodies = tuple(named.values())
    return Numbering(bodies, _confidence(bodies))


def _votes(spine: SpineMap, instance: Instance) -> NDArray[np.float64]:
    """Share of each state in a core, by the coarse network."""
    channels = [coarse_index(state) for state in STATES]
    mean = spine.at(instance.core_lps)[:, channels].mean(axis=0).astype(np.float64)
    shares: NDArray[np.float64] = mean / max(float(mean.sum()), 1e-6)
    return shares


def _likeliest(log_votes: NDArray[np.float64], centres_lps: NDArray[np.float64]) -> list[int]:
    """State of each body by Viterbi."""
    gaps = np.linalg.norm(np.diff(centres_lps, axis=0), axis=1)
    score = log_votes[0].copy()
    back = []
    for body, gap in enumerate(gaps, start=1):
        nearby = gaps[max(0, body - 4) : body + 3]
        steps = _step_scores(gap / float(np.median(nearby)))
        candidates = score[:, None] + steps
        back.append(candidates.argmax(axis=0))
        score = candidates.max(axis=0) + log_votes[body]
    state = int(score.argmax())
    path = [state]
    for pointers in reversed(back):
        state = int(pointers[state])
        path.append(state)
    return path[::-1]


def _step_scores(relative_gap: float) -> NDArray[np.float64]:
    """Log score (from, to) of a step between states, given the gap in units of the usual one."""
    scores = np.full((len(STATES), len(STATES)), -np.inf)
    for step, prior in _LOG_STEP.items():
        expected = max(step, 0.4)
        fit = prior - ((relative_gap - expected) / _SPACING_SD) ** 2 / 2
        for state in range(len(STATES) - step):
            scores[state, state + step] = fit
    for name in _REPEATABLE:
        own = STATES.index(name)
        scores[own, own] = -(((relative_gap - 1) / _SPACING_SD) ** 2) / 2
    return scores


def _confidence(bodies: Sequence[Named]) -> float:
    """Agreement of the votes with the sequence, lowered where the ribs speak against it."""
    if not bodies:
        return 0.0
    agreement = float(np.mean([body.vote if body.name_agrees else 0.0 for body in bodies]))
    return agreement * _rib_factor({body.level: body.instance for body in bodies if not body.instance.is_cut})


def _rib_factor(whole: dict[str, Instance]) -> float:
    """1 where the last body with ribs is T12, 0.85 where that cannot be seen, 0.4 where it is another."""
    if "T12" not in whole and "L1" not in whole:
        return 0.85
    against = whole["T12"].rib_ml < RIB_ML if "T12" in whole else False
    against |= whole["L1"].rib_ml > RIB_ML if "L1" in whole else False
    if against:
        return 0.4
    return 1.0 if {"T12", "L1"} <= whole.keys() else 0.85
