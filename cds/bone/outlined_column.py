"""All bodies of a spine as they were outlined, those in doubt named, heights compared between neighbours."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from cds.bone.anatomy import Spine, VertebralLevel
from cds.bone.body_axes import axes_of
from cds.bone.height_loss import NEIGHBOURS_WITHIN, losses_against_neighbours
from cds.bone.outline_checks import doubts_beside, doubts_of, doubts_of_loss
from cds.bone.outlined_body import OutlinedBody, outlined_body
from cds.bone.pedicle_height import are_upside_down
from cds.ct.reason import NotAssessable, Reason, because
from cds.ct.volume import CtVolume

_ORDER: Final = list(VertebralLevel)


@dataclass(frozen=True)
class OutlinedColumn:
    """Cranial to caudal: whole bodies, what speaks against some of them, and those that are none."""

    bodies: Mapping[VertebralLevel, OutlinedBody]
    doubts: Mapping[VertebralLevel, tuple[Reason, ...]]
    """Only of bodies in doubt."""
    refused: Mapping[VertebralLevel, tuple[Reason, ...]]
    """Cut, or no body at all."""
    turned: tuple[Reason, ...] = ()
    """Why the whole row cannot be believed: the patient lies otherwise than the images say."""


def outlined_column(volume: CtVolume, spine: Spine) -> OutlinedColumn:
    """Outline every body, then judge each by itself and beside those that stood."""
    found = {body.level: outlined_body(volume, body, axes_of(spine, body.level)) for body in spine.bodies}
    bodies = {level: body for level, body in found.items() if isinstance(body, OutlinedBody)}
    canal_known = spine.spinal_canal is not None
    alone = {level: doubts_of(volume, body, canal_known=canal_known) for level, body in bodies.items()}
    standing = {level: body for level, body in bodies.items() if not alone[level]}
    beside = {level: doubts_beside(body, _neighbours(level, standing)) for level, body in standing.items()}
    believed = _with_compared_heights({level: body for level, body in standing.items() if not beside[level]})
    lost = {level: doubts_of_loss(volume, body) for level, body in believed.items()}
    return OutlinedColumn(
        bodies={**bodies, **believed},
        doubts={level: reasons for level in bodies if (reasons := alone[level] or beside[level] or lost[level])},
        refused={level: body.reasons for level, body in found.items() if isinstance(body, NotAssessable)},
        turned=(because("orientation-upside-down"),) if are_upside_down(volume, bodies.values()) else (),
    )


def _neighbours(level: VertebralLevel, bodies: Mapping[VertebralLevel, OutlinedBody]) -> list[OutlinedBody]:
    place = _ORDER.index(level)
    return [
        body
        for other, body in bodies.items()
        if other != level and abs(_ORDER.index(other) - place) <= NEIGHBOURS_WITHIN
    ]


def _with_compared_heights(bodies: Mapping[VertebralLevel, OutlinedBody]) -> dict[VertebralLevel, OutlinedBody]:
    """The larger of the loss within each body and that against its neighbours, where heights are known."""
    losses = losses_against_neighbours({level: body.heights for level, body in bodies.items()})
    return {
        level: body
        if body.height_loss_percent is None or level not in losses
        else replace(body, height_loss_percent=max(body.height_loss_percent, round(losses[level], 1)))
        for level, body in bodies.items()
    }
