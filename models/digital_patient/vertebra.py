"""The shape of one vertebra: body, pedicles, arch and processes, and how it is painted."""

from collections.abc import Iterator

import numpy as np

from models.digital_patient.grid import Canvas, Floats, segment_distance, shell_share
from models.digital_patient.spine import Vertebra
from models.digital_patient.structures import LEVELS, LUMBAR, Structure

SHELL_MM = 0.7
ENDPLATE_MM = 0.9
POSTERIOR_SHELL_MM = 1.3
CONCAVITY_MM = 1.4
"""How much lower the middle of an endplate is than its rim."""
CUT_CORTEX_SHARE = 0.25
"""Voxels with more compact bone than this are labelled cortex."""

Places = tuple[Floats, Floats, Floats]


def local(vertebra: Vertebra, places: Places) -> Places:
    """Offsets of LPS places from the body's centre: to its left, its back, its top."""
    offsets = [place - centre for place, centre in zip(places, vertebra.centre_lps_mm, strict=True)]
    left, back, up = (sum(offset * part for offset, part in zip(offsets, axis, strict=True)) for axis in vertebra.axes)
    return np.asarray(left), np.asarray(back), np.asarray(up)


def body_depths(vertebra: Vertebra, places: Places) -> tuple[Floats, Floats]:
    """Depth in mm under the side wall and under the nearer endplate; negative outside."""
    left, back, up = local(vertebra, places)
    half_width, half_depth, half_height = vertebra.width_mm / 2, vertebra.depth_mm / 2, vertebra.height_mm / 2
    waist = 1 - 0.09 * np.clip(1 - (up / half_height) ** 2, 0, 1)
    behind = np.clip(back / half_depth, -1.2, 1.2)
    across = half_width * waist * (1 + 0.06 * behind)
    hollow = np.where(back > 0, 1 - 0.13 * np.exp(-((left / (0.35 * half_width)) ** 2)), 1.0)
    along = half_depth * waist * hollow
    power = np.where(back > 0, 2.9, 2.15)
    radius = ((np.abs(left) / across) ** power + (np.abs(back) / along) ** power) ** (1 / power)
    wall = (1 - radius) * np.minimum(across, along)
    edge = np.clip(radius, 0, 1)
    loss = vertebra.anterior_loss * np.clip((1 - behind) / 2, 0, 1) + vertebra.middle_loss * (1 - edge**2) * 0.5
    top = half_height * (1 - 2 * loss) - CONCAVITY_MM * (1 - edge**2)
    bottom = half_height - CONCAVITY_MM * (1 - edge**2)
    return wall, np.minimum(top - up, bottom + up)


def paint_body(canvas: Canvas, vertebra: Vertebra) -> None:
    """Trabecular core in a compact shell with endplates."""
    reach = np.full(3, max(vertebra.width_mm, vertebra.depth_mm, vertebra.height_mm) * 0.62 + 4)
    box = canvas.grid.box(vertebra.centre - reach, vertebra.centre + reach)
    if not _real(box):
        return
    wall, endplate = body_depths(vertebra, canvas.places(box))
    depth = np.minimum(wall, endplate)
    voxel = canvas.grid.spacing_mm[2]
    share = np.maximum(
        shell_share(wall, SHELL_MM, voxel) * (endplate > -voxel / 2),
        shell_share(endplate, ENDPLATE_MM, voxel) * (wall > -voxel / 2),
    )
    inside = depth > 0
    canvas.cortex[box] = np.where(inside, share, np.maximum(canvas.cortex[box], share))
    what = np.where(share > CUT_CORTEX_SHARE, Structure.BODY_CORTEX, Structure.BODY_TRABECULAR)
    canvas.structures[box][inside] = what[inside]
    canvas.vertebra[box][inside] = LEVELS.index(vertebra.level) + 1


def paint_posterior(canvas: Canvas, vertebra: Vertebra) -> None:
    """Pedicles, laminae, articular, transverse and spinous processes; the canal stays free."""
    members = tuple(_members(vertebra))
    corners = np.array([end for start, stop, _ in members for end in (start, stop)])
    box = canvas.grid.box(corners.min(axis=0) - 9, corners.max(axis=0) + 9)
    if not _real(box):
        return
    places = canvas.places(box)
    depth = np.full((1, 1, 1), -99.0)
    for start, stop, radius in members:
        depth = np.maximum(depth, radius - segment_distance(places, start, stop))
    wall, endplate = body_depths(vertebra, places)
    in_body = np.minimum(wall, endplate) > 0
    left, back, _ = local(vertebra, places)
    canal = _canal_radius(vertebra, left, back)
    depth = np.where(canal < 1, -9.0, np.minimum(depth, (canal - 1) * vertebra.canal_depth_mm / 2 + 0.2))
    inside = (depth > 0) & ~in_body
    share = shell_share(depth, POSTERIOR_SHELL_MM, canvas.grid.spacing_mm[2]) * ~in_body
    cortex = canvas.cortex[box]
    canvas.cortex[box] = np.where(inside, share, np.maximum(cortex, share * (canal >= 1)))
    canvas.structures[box][inside] = Structure.POSTERIOR_ELEMENTS
    canvas.vertebra[box][inside] = LEVELS.index(vertebra.level) + 1


def _canal_radius(vertebra: Vertebra, left: Floats, back: Floats) -> Floats:
    """1 on the wall of the canal."""
    middle = vertebra.depth_mm / 2 + vertebra.canal_depth_mm / 2 - 1
    radius: Floats = np.hypot(left / (vertebra.canal_width_mm / 2), (back - middle) / (vertebra.canal_depth_mm / 2))
    return radius


def _members(vertebra: Vertebra) -> Iterator[tuple[Floats, Floats, float]]:
    """The arch as rods: both ends and radius."""
    lumbar = vertebra.level in LUMBAR
    scale = vertebra.width_mm / 42
    back_wall = vertebra.depth_mm / 2
    canal_half = vertebra.canal_width_mm / 2
    lamina_back = back_wall + vertebra.canal_depth_mm + 1.5
    high, low = 0.18 * vertebra.height_mm, -0.35 * vertebra.height_mm
    pedicle = 3.2 if not lumbar else 4.6
    spine_end = (lamina_back + 30, low - 4) if lumbar else (lamina_back + 27, low - 20)
    yield vertebra.point(0, lamina_back + 2, low / 2), vertebra.point(0, spine_end[0], spine_end[1]), 3.2
    if lumbar:
        yield vertebra.point(0, lamina_back + 6, low - 9), vertebra.point(0, spine_end[0], spine_end[1] - 9), 3.0
    for side in (-1, 1):
        joint = vertebra.point(side * (canal_half + 3), back_wall + vertebra.canal_depth_mm * 0.7, 0)
        yield vertebra.point(side * (canal_half + 2), back_wall - 5, high), joint, pedicle
        yield joint, vertebra.point(side * 2, lamina_back + 1.5, low / 2), 3.2
        yield joint, vertebra.point(side * 4, lamina_back + 1.5, low), 3.0
        up = 0.5 * vertebra.height_mm + vertebra.disc_below_mm * 0.5
        yield joint, vertebra.point(side * (canal_half + 4), lamina_back - 3, up), 4.6 * max(scale, 0.75)
        yield joint, vertebra.point(side * (canal_half + 1), lamina_back, -up), 4.2 * max(scale, 0.75)
        tip = transverse_tip(vertebra, side)
        yield joint, tip, 3.4 if not lumbar else 3.0


def transverse_tip(vertebra: Vertebra, side: int) -> Floats:
    """Tip of the transverse process on one side (+1 is left)."""
    behind = vertebra.depth_mm / 2 + vertebra.canal_depth_mm * 0.7
    if vertebra.level in LUMBAR:
        return vertebra.point(side * (vertebra.width_mm / 2 + 17), behind + 1, 1)
    out = {"T11": 21, "T12": 17}.get(vertebra.level, 30)
    return vertebra.point(side * out, behind + 9, 2)


def _real(box: tuple[slice, slice, slice]) -> bool:
    return all(part.stop > part.start for part in box)
