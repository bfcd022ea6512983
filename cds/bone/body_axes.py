"""The axes of one vertebral body in the patient: from its neighbours, and from the canal behind it.

    height   between two neighbours: the line through their centres
             at an end of the row, or alone: the course of the canal, else the neighbour, else LPS +z
    depth    from the core of the body to the canal, made perpendicular to the height; else LPS +y

A direction that leaves the scan's axis by more than a spine does is not believed. Patients who lie
turned in the scanner, and vertebrae turned by scoliosis, therefore have their own front and back.
"""

from dataclasses import dataclass
from math import cos, radians
from typing import Final

import numpy as np
from scipy.ndimage import distance_transform_edt

from cds.bone.anatomy import CRANIAL, POSTERIOR, MaskGrid, Point, Spine, Vector, VertebralLevel
from cds.bone.body_frame import SURFACE, cropped
from cds.bone.spinal_canal import SpinalCanal, canal_of

STEEPEST_DEG: Final = 60.0
"""A spine that leaves the scan's axis, or a canal that leaves the back, by more was not outlined correctly."""

CORE_SHARE: Final = 0.85


@dataclass(frozen=True, slots=True)
class BodyAxes:
    """Unit vectors from the lower to the upper endplate, and from the front to the back, perpendicular."""

    cranial: Vector = CRANIAL
    posterior: Vector = POSTERIOR
    canal_lps_mm: Point | None = None
    """Middle of the canal at the height of the body, where it is seen."""
    core_lps_mm: Point | None = None
    """Where the body is deepest: a pedicle or muscle outlined with it does not move its core, as it does the mean."""


def axes_of(spine: Spine, level: VertebralLevel) -> BodyAxes:
    """The axes of one body of a spine."""
    canal = None if spine.spinal_canal is None else canal_of(spine.spinal_canal)
    body = next(body for body in spine.bodies if body.level == level)
    cranial = _cranial(spine, level, canal)
    core = _core(body.mask)
    beside = None if canal is None else canal.beside(body.centre_lps_mm, cranial)
    backwards = None if beside is None or core is None else _believed(np.subtract(beside, core), POSTERIOR)
    return BodyAxes(cranial, _across(backwards or POSTERIOR, cranial), beside, core)


def _core(mask: MaskGrid) -> Point | None:
    """Mean of the points that lie at least 0.85 times as deep as the deepest; None for an empty mask."""
    small = cropped(mask)
    spacing = np.linalg.norm(small.affine_lps[:3, :3], axis=0)
    depth = distance_transform_edt(np.pad(small.inside >= SURFACE, 1), sampling=spacing)[1:-1, 1:-1, 1:-1]
    if not depth.any():
        return None
    mean = np.argwhere(depth >= CORE_SHARE * depth.max()).mean(axis=0)
    x, y, z = (float(mm) for mm in small.affine_lps[:3, :3] @ mean + small.affine_lps[:3, 3])
    return x, y, z


def _cranial(spine: Spine, level: VertebralLevel, canal: SpinalCanal | None) -> Vector:
    """From the neighbours, or the canal where there is but one."""
    index = next(i for i, body in enumerate(spine.bodies) if body.level == level)
    upper, lower = spine.bodies[max(0, index - 1)], spine.bodies[min(len(spine.bodies) - 1, index + 1)]
    line = _believed(np.subtract(upper.centre_lps_mm, lower.centre_lps_mm), CRANIAL)
    if canal is not None and (line is None or spine.bodies[index] in (upper, lower)):
        course = canal.course(spine.bodies[index].centre_lps_mm, line or CRANIAL)
        line = (None if course is None else _believed(np.asarray(course), CRANIAL)) or line
    return line or CRANIAL


def _believed(direction: np.ndarray, reference: Vector) -> Vector | None:
    """A direction as a unit vector, unless it is none or leaves the reference by more than 60 degrees."""
    if float(direction @ np.asarray(reference)) <= float(np.linalg.norm(direction)) * cos(radians(STEEPEST_DEG)):
        return None
    return _unit(direction)


def _across(direction: Vector, axis: Vector) -> Vector:
    """The part of a direction that is perpendicular to an axis, as a unit vector."""
    return _unit(np.asarray(direction) - np.dot(direction, axis) * np.asarray(axis))


def _unit(direction: np.ndarray) -> Vector:
    x, y, z = (float(part) for part in direction / np.linalg.norm(direction))
    return x, y, z
