"""Naming the bodies of a spine: the likeliest sequence of consecutive levels.

Each body votes through the coarse network's probabilities in its core, and through the ribs it carries.
A Viterbi search finds the sequence that explains all votes, allowing for a body that was missed or
taken for two.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from models.vertebra_segmentation.instances import Instance
from models.vertebra_segmentation.labels import BODY_CLASSES, CERVICAL, LEVELS, coarse_index
from models.vertebra_segmentation.spine_map import SpineMap

STATES = (*BODY_CLASSES, "sacrum")
_REPEATABLE = {CERVICAL, "sacrum"}
_LEAST_VOTE = 0.01
"""Floor of a vote, so that one body cannot veto a sequence."""

_INDEPENDENT_VOTES = 3.0
"""The votes of neighbouring bodies come from one network and one view and err together: however many there
are, they weigh as much as so many."""

_SPACING_SD = 0.3
"""Spread of the distance between neighbours, relative to the local median."""

_LOG_STEP = {0: -5.0, 1: 0.0, 2: -5.0, 3: -8.0}
"""Log prior of a step of so many levels: one body taken for two, the rule, bodies missed."""

_WITH_RIB = (
    dict.fromkeys(STATES, 0.95) | {"T12": 0.92, "L1": 0.03} | dict.fromkeys(("L2", "L3", "L4", "L5", "sacrum"), 0.005)
)
"""Probability that a rib is outlined beside a body. Of 44 whole T12 of digital patients all showed one, of 40 L1 none;
real twelfth ribs may be too short, and lumbar ribs are rare. Where ribs begin says nothing: of eight whole C6 and C7
all showed one, the first rib or a transverse process."""


@dataclass(frozen=True, slots=True)
class Named:
    """A body with its level; `vote` is the share of its core that the coarse network calls so."""

    instance: Instance
    level: str
    vote: float
    name_agrees: bool
    rib_sides: int | None
    probability: float
    """Of the name, over all sequences of levels."""


def name_bodies(instances: Sequence[Instance], rib_sides: Sequence[int | None], spine: SpineMap) -> tuple[Named, ...]:
    """Name every body, cranial to caudal.

    Those above T7 and the sacrum drop out; of a body taken for two the larger half stays.
    """
    if not instances:
        return ()
    votes = np.stack([level_votes(spine, instance) for instance in instances])
    weight = min(1.0, _INDEPENDENT_VOTES / len(instances))
    evidence = weight * np.log(np.maximum(votes, _LEAST_VOTE))
    evidence += np.stack([_rib_evidence(n, i.is_cut) for n, i in zip(rib_border(rib_sides), instances, strict=True)])
    steps = _steps(np.stack([i.centre_lps for i in instances]))
    sequence, probabilities = _likeliest(evidence, steps), _marginals(evidence, steps)
    named: dict[str, Named] = {}
    for place, (instance, state) in enumerate(zip(instances, sequence, strict=True)):
        level, vote = STATES[state], votes[place]
        if level in LEVELS and (level not in named or instance.volume_ml > named[level].instance.volume_ml):
            agrees, probability = bool(vote.argmax() == state), float(probabilities[place, state])
            named[level] = Named(instance, level, float(vote[state]), agrees, rib_sides[place], probability)
    return tuple(named.values())


def level_votes(spine: SpineMap, instance: Instance) -> NDArray[np.float64]:
    """Probability of each state in a core, by the coarse network; what it gives to other classes is spread evenly."""
    channels = [coarse_index(state) for state in STATES]
    mean = spine.at(instance.core_lps)[:, channels].mean(axis=0).astype(np.float64)
    votes: NDArray[np.float64] = mean + max(0.0, 1 - float(mean.sum())) / len(STATES)
    return votes


def rib_border(rib_sides: Sequence[int | None]) -> list[bool | None]:
    """Where the ribs end: True for the last body with a rib, False for the next one, None for all others.

    All others follow from these two, so they are no evidence of their own. None for the next one, too,
    where the scan is too narrow to show a rib.
    """
    lowest = max((place for place, sides in enumerate(rib_sides) if sides), default=-1)
    border: list[bool | None] = [None] * len(rib_sides)
    if lowest >= 0:
        border[lowest] = True
    if lowest + 1 < len(rib_sides) and rib_sides[lowest + 1] is not None:
        border[lowest + 1] = False
    return border


def _rib_evidence(has_rib: bool | None, is_cut: bool) -> NDArray[np.float64]:
    """Log likelihood of ribs by state; that a cut body shows none says nothing."""
    probability = np.array([_WITH_RIB[state] for state in STATES])
    if has_rib is None or (is_cut and not has_rib):
        return np.zeros(len(STATES))
    likelihood: NDArray[np.float64] = np.log(probability if has_rib else 1 - probability)
    return likelihood


def _steps(centres_lps: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Log score (from, to) of the step from each body to the next."""
    gaps = np.linalg.norm(np.diff(centres_lps, axis=0), axis=1)
    usual = [float(np.median(gaps[max(0, body - 3) : body + 4])) for body in range(len(gaps))]
    return [_step_scores(gap / expected) for gap, expected in zip(gaps, usual, strict=True)]


def _likeliest(evidence: NDArray[np.float64], steps: Sequence[NDArray[np.float64]]) -> list[int]:
    """State of each body by Viterbi over log evidence (body, state)."""
    score = evidence[0].copy()
    back = []
    for own, step in zip(evidence[1:], steps, strict=True):
        candidates = score[:, None] + step
        back.append(candidates.argmax(axis=0))
        score = candidates.max(axis=0) + own
    state = int(score.argmax())
    path = [state]
    for pointers in reversed(back):
        state = int(pointers[state])
        path.append(state)
    return path[::-1]


def _marginals(evidence: NDArray[np.float64], steps: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Probability (body, state) of each state over all sequences: the forward-backward algorithm."""
    forward, backward = evidence.copy(), np.zeros_like(evidence)
    for body, step in enumerate(steps):
        forward[body + 1] += logsumexp(forward[body][:, None] + step, axis=0)
    for body in reversed(range(len(steps))):
        backward[body] = logsumexp(steps[body] + (evidence[body + 1] + backward[body + 1])[None], axis=1)
    together = forward + backward
    marginals: NDArray[np.float64] = np.exp(together - logsumexp(together, axis=1, keepdims=True))
    return marginals


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
