"""How far the names of the vertebrae can be trusted, and what follows.

The segmenter states one confidence in [0, 1] for the whole row: the probability of its names, lowered
where single bodies or the ribs contradict them. On real scans that the networks had not seen, right
numberings had 0.47 to 0.99; one that even a reader would name with doubt had 0.26.

below 0.02              refused: no name is supported by anything
below 0.6, or disputed  measured, flag level-ambiguous: wider interval, no Z-score, no fracture named
otherwise               the names stand
"""

from collections.abc import Collection
from typing import Final

from cds.bone.anatomy import Spine, VertebralLevel
from cds.ct.reason import Reason, because

CERTAIN_FROM: Final = 0.6
REFUSED_BELOW: Final = 0.02


def refuse_numbering(spine: Spine) -> Reason | None:
    """Names that nothing supports."""
    return because("numbering-uncertain") if spine.numbering_confidence < REFUSED_BELOW else None


def disputed_names(spine: Spine) -> tuple[VertebralLevel, ...]:
    """Of bodies that are named otherwise by one part of the segmenter than by another."""
    return tuple(body.level for body in spine.bodies if not body.name_agrees)


def may_be_off(confidence: float, disputed: Collection[VertebralLevel], levels: Collection[VertebralLevel]) -> bool:
    """Whether these names may be off by one; without levels, whether any name of the row may be."""
    return confidence < CERTAIN_FROM or any(level in disputed for level in levels)


def is_ambiguous(spine: Spine, levels: Collection[VertebralLevel]) -> bool:
    """The same of a spine as it was outlined."""
    return may_be_off(spine.numbering_confidence, disputed_names(spine), levels)
