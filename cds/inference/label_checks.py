"""How far to trust the names in a label map that says nothing about its own doubts.

The only evidence is whether the names agree with what can be seen without names: order and distance
of the bodies, and two landmarks. The lowest ribs belong to T12 and the sacrum lies below L5, whatever
number the network gives to them.

contradicted   names do not run from cranial to caudal                    0.0  (refused)
doubted        a gap or a size that does not fit the names, a vertebra in
               two pieces, a landmark elsewhere, a name like T13 or L6    0.3
unanchored     the row fits, but no landmark is in view                   0.5
anchored       one landmark is where the names say                        0.7
twice          both are                                                   0.9

The values are ranks that place a result on the right side of the limits of `cds.bone.numbering`
(0.02 and 0.6); they are no frequencies. Nothing here proves a name: a patient with eleven or thirteen
pairs of ribs is named as if there were twelve.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from cds.inference.label_bodies import LabelledBody
from cds.inference.label_names import COLUMN

CONTRADICTED: Final = 0.0
DOUBTED: Final = 0.3
UNANCHORED: Final = 0.5
ANCHORED: Final = 0.7
ANCHORED_TWICE: Final = 0.9

TRANSITIONAL: Final = frozenset({"T13", "L6"})

STEP_RANGE: Final = (0.65, 1.45)
"""Distance to a neighbour, in units of the row's usual one."""

VOLUME_RANGE: Final = (0.5, 2.0)
"""Volume in units of the neighbour's."""

LARGEST_SECOND_PIECE: Final = 0.3

FARTHEST_SACRUM: Final = 0.85
"""From the centre of L5 to the nearest voxel of the sacrum, in units of the usual distance; half is the rule."""

Anchor = Literal["here", "elsewhere", "unseen"]


@dataclass(frozen=True, slots=True)
class NumberingVerdict:
    """Confidence in the names as a whole, and the levels whose own name or outline is doubted."""

    confidence: float
    doubted: frozenset[str] = field(default_factory=frozenset)


def judge_numbering(
    row: Sequence[LabelledBody], rib_sides: Sequence[int | None], sacrum_lps: NDArray[np.float64]
) -> NumberingVerdict:
    """Judge a row of bodies, cranial to caudal.

    `rib_sides`: for each body, on how many sides a rib begins, None where that cannot be seen;
    `sacrum_lps` (n, 3): voxels of the sacrum.
    """
    if not row:
        return NumberingVerdict(CONTRADICTED)
    places = _places(row)
    if any(below <= above for above, below in pairwise(places)):
        return NumberingVerdict(CONTRADICTED, frozenset(each.level for each in row))
    whole = [each for each in row if not each.cut_by_border]
    doubted = _uneven(row, places) | {each.level for each in whole if each.second_piece > LARGEST_SECOND_PIECE}
    anchors = [_rib_anchor(row, rib_sides), _sacrum_anchor(row, places, sacrum_lps)]
    if doubted or "elsewhere" in anchors or TRANSITIONAL & {each.level for each in row}:
        return NumberingVerdict(DOUBTED, frozenset(doubted))
    return NumberingVerdict((UNANCHORED, ANCHORED, ANCHORED_TWICE)[anchors.count("here")])


def _places(row: Sequence[LabelledBody]) -> list[int]:
    """Place of each name in the column; T13 and L6 count only where they were named."""
    named = {each.level for each in row}
    column = [level for level in COLUMN if level not in TRANSITIONAL or level in named]
    return [column.index(each.level) for each in row]


def _uneven(row: Sequence[LabelledBody], places: Sequence[int]) -> set[str]:
    """Neighbours whose distance or size does not fit their names; what the border cut is judged by neither."""
    steps = _steps_mm(row, places)
    usual_mm = float(np.median(steps)) if len(steps) else 0.0
    found: set[str] = set()
    for (above, below), step in zip(pairwise(row), steps, strict=True):
        if above.cut_by_border or below.cut_by_border:
            continue
        ratio = above.volume_ml / below.volume_ml
        if not (_within(step / usual_mm, STEP_RANGE) and _within(ratio, VOLUME_RANGE)):
            found |= {above.level, below.level}
    return found


def _steps_mm(row: Sequence[LabelledBody], places: Sequence[int]) -> NDArray[np.float64]:
    """Distance between neighbours, for each level that their names are apart."""
    centres = np.array([each.centre_lps_mm for each in row])
    distances: NDArray[np.float64] = np.linalg.norm(np.diff(centres, axis=0), axis=1)
    return distances / np.diff(places)


def _within(value: float, limits: tuple[float, float]) -> bool:
    return limits[0] <= value <= limits[1]


def _rib_anchor(row: Sequence[LabelledBody], rib_sides: Sequence[int | None]) -> Anchor:
    """Whether the lowest ribs begin at the body called T12 and the next one, whole and in full view, has none."""
    with_rib = [place for place, sides in enumerate(rib_sides) if sides]
    if not with_rib:
        return "unseen"
    lowest = with_rib[-1]
    if lowest + 1 >= len(row):
        return "unseen" if row[lowest].level in COLUMN[: COLUMN.index("T12") + 1] else "elsewhere"
    below = row[lowest + 1]
    if below.cut_by_border or rib_sides[lowest + 1] is None:
        return "unseen"
    return "here" if (row[lowest].level, below.level) == ("T12", "L1") else "elsewhere"


def _sacrum_anchor(row: Sequence[LabelledBody], places: Sequence[int], sacrum_lps: NDArray[np.float64]) -> Anchor:
    """Whether the lowest body is called L5 and lies on the sacrum."""
    lowest = row[-1]
    steps = _steps_mm(row, places)
    if not len(sacrum_lps) or not len(steps) or lowest.cut_by_border:
        return "unseen"
    nearest_mm = float(np.linalg.norm(sacrum_lps - np.array(lowest.centre_lps_mm), axis=1).min())
    on_sacrum = nearest_mm <= FARTHEST_SACRUM * float(np.median(steps))
    if lowest.level == "L5":
        return "here" if on_sacrum else "elsewhere"
    return "elsewhere" if on_sacrum else "unseen"
