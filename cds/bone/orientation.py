"""Whether the spine lies in the patient as spines do; where not, the images belie their orientation labels.

What the segmenter saw is believed. Independent of it: levels run downwards, and the canal lies behind the
bodies; where most of a row says otherwise, no level of it is measured.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from cds.bone.anatomy import Spine, VertebralLevel
from cds.bone.body_axes import axes_of
from cds.ct.reason import Reason, because

UPSIDE_DOWN: Final = "upside-down"
FRONT_TO_BACK: Final = "front-to-back"
MIRRORED_FLAG: Final = "mirrored"


def refuse_orientation(spine: Spine) -> tuple[Reason, ...]:
    """Each way in which the patient is turned against the labels, once."""
    turns = list(spine.turns)
    if _mostly(_runs_up(spine)):
        turns.append(UPSIDE_DOWN)
    if _mostly(_canal_in_front(spine)):
        turns.append(FRONT_TO_BACK)
    return tuple(because(f"orientation-{turn}") for turn in dict.fromkeys(turns))


def orientation_flags(spine: Spine) -> tuple[str, ...]:
    """The flag of a patient whose organs lie on the other side: it changes no density."""
    return (MIRRORED_FLAG,) if spine.is_mirrored else ()


def _runs_up(spine: Spine) -> list[bool]:
    """For each pair of neighbouring levels, whether the lower one lies higher."""
    order = list(VertebralLevel)
    heights = [body.centre_lps_mm[2] for body in sorted(spine.bodies, key=lambda body: order.index(body.level))]
    return [lower > upper for upper, lower in pairwise(heights)]


def _canal_in_front(spine: Spine) -> list[bool]:
    """For each body beside which the canal is seen, whether it lies in front."""
    canals = [(body.centre_lps_mm, axes_of(spine, body.level).canal_lps_mm) for body in spine.bodies]
    return [canal[1] < centre[1] for centre, canal in canals if canal is not None]


def _mostly(signs: Sequence[bool]) -> bool:
    return sum(signs) * 2 > len(signs)
