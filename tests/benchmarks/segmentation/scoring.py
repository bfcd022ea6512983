"""Found bodies held against true ones: names, outlines, places, HU.

right, wrong   a whole body was found, under its own name or another's
missed         a whole body was not found
invented       a whole body was reported where the truth has none, or where another one is already matched
cut            the border of the scan goes through it: named, but neither measured nor counted
unlabelled     a level that the scan shows and nobody labelled
unnamed        found where it is, in a crop too small to tell levels
"""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from cds.bone.anatomy import Point
from tests.benchmarks.segmentation.bodies import FoundBody, TrueBody
from tests.benchmarks.segmentation.overlap import dice

Verdict = Literal["right", "wrong", "missed", "invented", "cut", "unlabelled", "unnamed"]

LEAST_LIKENESS = 0.25
"""Dice of a pair; neighbouring bodies have next to none."""

NEAR_MM = 12.0
"""Where only the height of a body is known, half the distance to the next one or less."""

FARTHEST_MM = 40.0


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What the truth says about names."""

    shows: Collection[str] | None
    """Levels that the scan shows, whole or cut; None where levels cannot be told."""
    complete: bool
    """Every body in the scan is among the true ones."""


@dataclass(frozen=True, slots=True)
class BodyScore:
    """One line of a table; errors are found minus true, None where either is not known."""

    verdict: Verdict
    true_level: str | None
    found_level: str | None
    dice: float | None = None
    centre_error_mm: float | None = None
    roi_centre_error_mm: float | None = None
    hu: float | None = None
    hu_error: float | None = None
    reference_error_hu: float | None = None
    refused: tuple[str, ...] = ()

    def as_record(self) -> dict[str, Any]:
        """Plain and rounded, without what is not known."""
        rounded = {key: round(v, 3) if isinstance(v, float) else v for key, v in asdict(self).items()}
        return {key: value for key, value in rounded.items() if value not in (None, ())}


def score(found: Sequence[FoundBody], true: Sequence[TrueBody], knowledge: Knowledge) -> list[BodyScore]:
    """Every true body once, cranial to caudal, then what was found beyond them."""
    partner = _pairs(found, true)
    rows = [_against(found[partner[i]] if i in partner else None, body, knowledge) for i, body in enumerate(true)]
    left = [body for place, body in enumerate(found) if place not in partner.values()]
    return rows + [_beyond(body, knowledge) for body in left]


def _pairs(found: Sequence[FoundBody], true: Sequence[TrueBody]) -> dict[int, int]:
    """Index of the found body for each true one, the most alike first."""
    likeness = {(i, j): _likeness(one, other) for i, other in enumerate(true) for j, one in enumerate(found)}
    partner: dict[int, int] = {}
    for (i, j), value in sorted(likeness.items(), key=lambda item: -item[1]):
        if value >= LEAST_LIKENESS and i not in partner and j not in partner.values():
            partner[i] = j
    return partner


def _likeness(found: FoundBody, true: TrueBody) -> float:
    if true.mask is None:
        away = abs(found.centre_lps_mm[2] - true.centre_lps_mm[2])
        return 1 - (1 - LEAST_LIKENESS) * away / NEAR_MM
    if distance_mm(found.centre_lps_mm, true.centre_lps_mm) > FARTHEST_MM:
        return 0.0
    return dice(found.mask, true.mask)


def _against(found: FoundBody | None, true: TrueBody, knowledge: Knowledge) -> BodyScore:
    if found is None:
        return BodyScore("missed" if true.is_whole else "cut", true.level, None)
    roi = found.roi
    return BodyScore(
        verdict=_verdict(found, true, knowledge),
        true_level=true.level,
        found_level=found.level,
        dice=None if true.mask is None or not true.is_whole else dice(found.mask, true.mask),
        centre_error_mm=None
        if true.mask is None or not true.is_whole
        else distance_mm(found.centre_lps_mm, true.centre_lps_mm),
        roi_centre_error_mm=None
        if roi is None or true.roi_centre_lps_mm is None
        else distance_mm(roi.centre_lps_mm, true.roi_centre_lps_mm),
        hu=None if roi is None else roi.hu,
        hu_error=None if roi is None or true.hu is None else roi.hu - true.hu,
        reference_error_hu=None if roi is None or true.reference_hu is None else roi.hu - true.reference_hu,
        refused=found.refused,
    )


def _verdict(found: FoundBody, true: TrueBody, knowledge: Knowledge) -> Verdict:
    if not true.is_whole:
        return "cut"
    if knowledge.shows is None:
        return "unnamed"
    return "right" if found.level == true.level else "wrong"


def _beyond(found: FoundBody, knowledge: Knowledge) -> BodyScore:
    verdict: Verdict = "invented"
    if not found.is_whole:
        verdict = "cut"
    elif not knowledge.complete and knowledge.shows is not None and found.level in knowledge.shows:
        verdict = "unlabelled"
    hu = None if found.roi is None else found.roi.hu
    return BodyScore(verdict, None, found.level, hu=hu, refused=found.refused)


def distance_mm(one: Point, other: Point) -> float:
    """Between two LPS points."""
    return float(np.linalg.norm(np.subtract(one, other)))
