"""Signs that an outline is no vertebral body, or not the one it is taken for. None needs a label.

    size         cross-section, height and volume within what adults have at the level
    neighbours   cross-section and height as those of the neighbours suggest
    symmetry     left and right alike
    canal        the spinal canal straight behind, at the distance of a vertebra
    edges        walls and endplates of the outline on edges of bone in the images
    border       nothing but tissue beyond the endplates

A body that fails one is not used, whatever it reads, and its height is not told: the outline is wrong.
Collapse is no failure: sizes are judged by what a collapse spares.
"""

from collections.abc import Callable, Sequence

import numpy as np

from cds.bone.body_shape import height_factor, section_cm2, section_factor, symmetry, tallest_mm
from cds.bone.canal_position import canal_position
from cds.bone.endplate_edges import lowest_part, weaker_endplate_hu
from cds.bone.height_grade import MILD_FROM_PERCENT
from cds.bone.outline_edges import outline_edges
from cds.bone.outline_gates import OUTLINE_GATES as GATES
from cds.bone.outlined_body import OutlinedBody
from cds.bone.reference_body import REFERENCE
from cds.ct.reason import Reason, because
from cds.ct.volume import CtVolume

MISSING_SHARE = 0.5
"""More than half of what lies beyond an endplate is air or padding: the body ends where the data do."""

FEWEST_NEIGHBOURS = 2
"""Beside a single neighbour nobody can tell which of the two is wrong."""


def doubts_of(volume: CtVolume, body: OutlinedBody, *, canal_known: bool) -> tuple[Reason, ...]:
    """What speaks against one outline by itself. `canal_known`: the canal was looked for in this scan."""
    found = (_size(body), _symmetry(body), _canal(body, known=canal_known), _edges(volume, body))
    return tuple(reason for reason in found if reason is not None)


def doubts_beside(body: OutlinedBody, neighbours: Sequence[OutlinedBody]) -> tuple[Reason, ...]:
    """What speaks against an outline beside those of its neighbours, where it has two or more."""
    if len(neighbours) < FEWEST_NEIGHBOURS:
        return ()
    for gate, factor in (("section-step", _section), ("tallness-step", _tallness)):
        step = _step(factor, body, neighbours)
        if GATES[gate].refuses(step):
            return (because("level-uneven-outline", percent=100 * abs(step - 1)),)
    return ()


def doubts_of_loss(volume: CtVolume, body: OutlinedBody) -> tuple[Reason, ...]:
    """What speaks against a loss of height: where the body is lowest, no endplates are seen."""
    if body.height_loss_percent is None or body.height_loss_percent < MILD_FROM_PERCENT:
        return ()
    stands_out_hu = weaker_endplate_hu(volume, body.frame, lowest_part(body.heights))
    return (because("level-edge"),) if GATES["low-endplate"].refuses(stands_out_hu) else ()


def _section(body: OutlinedBody) -> float:
    return section_factor(body.frame, body.level)


def _tallness(body: OutlinedBody) -> float:
    return height_factor(tallest_mm(body.heights), body.level)


def _step(factor: Callable[[OutlinedBody], float], body: OutlinedBody, neighbours: Sequence[OutlinedBody]) -> float:
    return factor(body) / float(np.median([factor(each) for each in neighbours]))


def _size(body: OutlinedBody) -> Reason | None:
    volume = body.frame.volume_cm3
    factors = {
        "section": _section(body),
        "tallness": _tallness(body),
        "volume": volume / REFERENCE[body.level].volume_cm3,
    }
    if not any(GATES[gate].refuses(factor) for gate, factor in factors.items()):
        return None
    return because(
        "level-size", volume_cm3=volume, section_cm2=section_cm2(body.frame), height_mm=tallest_mm(body.heights)
    )


def _symmetry(body: OutlinedBody) -> Reason | None:
    overlap = symmetry(body.frame)
    return because("level-asymmetric", percent=100 * (1 - overlap)) if GATES["symmetry"].refuses(overlap) else None


def _canal(body: OutlinedBody, *, known: bool) -> Reason | None:
    position = canal_position(body.centre_lps_mm, body.axes)
    if position is None:
        return because("level-without-canal") if known else None
    if GATES["canal"].refuses(position.distance_mm) or GATES["canal-side"].refuses(position.angle_deg):
        return because("level-canal", distance_mm=position.distance_mm, angle_deg=position.angle_deg)
    return None


def _edges(volume: CtVolume, body: OutlinedBody) -> Reason | None:
    edges = outline_edges(volume, body.frame)
    if edges.missing_beyond > MISSING_SHARE:
        return because("level-cut")
    off = GATES["wall"].refuses(edges.weakest_wall_hu) or GATES["endplate"].refuses(edges.clearer_endplate_hu)
    return because("level-edge") if off else None
