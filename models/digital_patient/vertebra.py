"""The shape of a vertebral body, and how it is painted: a spongy core in a thin shell with endplates."""

import numpy as np

from models.digital_patient.grid import Canvas, Picture, Places, is_empty, shell_share
from models.digital_patient.spine import Vertebra
from models.digital_patient.structures import LEVELS, Structure
from models.digital_patient.trabecular import LATTICE_MM, Inside, Spongiosa, UnevenBody

CUT_CORTEX_SHARE = 0.25
"""Voxels with more compact bone than this are labelled cortex."""
BODY_ROUGH_MM, BODY_GRAIN_MM = 0.55, 0.2


def local(vertebra: Vertebra, places: Places) -> Places:
    """Offsets of LPS places from the body's centre: to its left, its back, its top."""
    x, y, z = (place - float(centre) for place, centre in zip(places, vertebra.centre_lps_mm, strict=True))
    left, back, up = ((float(a) * x + float(b) * y) + float(c) * z for a, b, c in vertebra.axes)
    return left, back, up


def endplates(vertebra: Vertebra, left: Picture, back: Picture) -> tuple[Picture, Picture]:
    """Heights of the upper and the lower endplate over the middle of the body, both positive."""
    across, along = left / (vertebra.width_mm / 2), np.clip(back / (vertebra.depth_mm / 2), -1.15, 1.15)
    dome = np.clip(1 - across**2 - along**2, 0, 1)
    front = (1 - along) / 2
    linear = vertebra.anterior_loss * front + vertebra.posterior_loss * (1 - front)
    sunk = vertebra.middle_loss - (vertebra.anterior_loss + vertebra.posterior_loss) / 2
    loss = vertebra.height_mm * (linear + sunk * dome)
    rim = vertebra.height_mm / 2 + vertebra.anterior_extra_mm * (front - 0.5) / 2 - vertebra.concave_mm * dome
    upper, lower = rim - vertebra.upper_share * loss, rim - (1 - vertebra.upper_share) * loss
    for notch in vertebra.notches:
        apart = np.hypot(left - notch.left * vertebra.width_mm / 2, back - notch.back * vertebra.depth_mm / 2)
        dent = notch.deep_mm * np.exp(-((apart / notch.radius_mm) ** 4))
        upper, lower = (upper - dent, lower) if notch.end > 0 else (upper, lower - dent)
    return upper, lower


def depths(vertebra: Vertebra, left: Picture, back: Picture, up: Picture) -> tuple[Picture, Picture, Picture]:
    """Depth in mm under the side wall, the upper and the lower endplate; negative outside."""
    half_width, half_depth, half_height = vertebra.width_mm / 2, vertebra.depth_mm / 2, vertebra.height_mm / 2
    waist = 1 - vertebra.waist * np.clip(1 - (up / half_height) ** 2, 0, 1)
    behind = np.clip(back / half_depth, -1.2, 1.2)
    across = half_width * waist * (1 + 0.06 * behind)
    hollow = np.where(back > 0, 1 - 0.13 * np.exp(-((left / (0.35 * half_width)) ** 2)), 1.0)
    along = half_depth * waist * hollow
    power = np.where(back > 0, np.float32(2.9), np.float32(2.15))
    radius = ((np.abs(left) / across) ** power + (np.abs(back) / along) ** power) ** (1 / power)
    wall = (1 - radius) * np.minimum(across, along)
    upper, lower = endplates(vertebra, left, back)
    return wall, upper - up, lower + up


def body_depths(vertebra: Vertebra, places: Places) -> tuple[Picture, Picture]:
    """Depth in mm under the side wall and under the nearer endplate; negative outside."""
    wall, upper, lower = depths(vertebra, *local(vertebra, places))
    return wall, np.minimum(upper, lower)


def paint_body(canvas: Canvas, vertebra: Vertebra, spongiosa: Spongiosa, vbmd_mg_cm3: float) -> None:
    """Trabecular core in a compact shell with endplates."""
    reach = np.full(3, max(vertebra.width_mm, vertebra.depth_mm, vertebra.height_mm) * 0.62 + 4)
    box = canvas.grid.box(vertebra.centre - reach, vertebra.centre + reach)
    if is_empty(box):
        return
    places = canvas.places(box)
    own = local(vertebra, places)
    bumps = canvas.bumps(places, BODY_ROUGH_MM) + canvas.grains(places, BODY_GRAIN_MM)
    wall, upper, lower = (
        depth + bumps * part for depth, part in zip(depths(vertebra, *own), (1, 0.7, 0.7), strict=True)
    )
    endplate = np.minimum(upper, lower)
    inside = np.minimum(wall, endplate) > 0
    share = _compact_share(vertebra, (wall, upper, lower), canvas.grid.spacing_mm)
    canvas.cortex[box] = np.where(inside, share, np.maximum(canvas.cortex[box], share))
    what = np.where(share > CUT_CORTEX_SHARE, Structure.BODY_CORTEX, Structure.BODY_TRABECULAR)
    canvas.structures[box][inside] = what[inside]
    canvas.vertebra[box][inside] = LEVELS.index(vertebra.level) + 1
    if canvas.mineral is not None:
        x, y, z, *rest = (np.broadcast_to(each, inside.shape)[inside] for each in (*places, *own, wall, upper, lower))
        uneven = UnevenBody(vertebra, spongiosa, vbmd_mg_cm3, canvas.uneven.grain if canvas.uneven else None)
        canvas.mineral[box][inside] = uneven.mineral(Inside((x, y, z), *rest), standard_core(vertebra))


def _compact_share(vertebra: Vertebra, under: Places, spacing_mm: tuple[float, float, float]) -> Picture:
    """Share of a voxel that shell or endplates fill, by its depth under wall and endplates; wear thickens these."""
    wall, upper, lower = under
    flat, upright = spacing_mm[0], spacing_mm[2]
    thick = [vertebra.endplate_mm * (1 + 1.2 * wear) for wear in vertebra.sclerosis]
    ends = np.maximum(shell_share(upper, thick[0], flat), shell_share(lower, thick[1], flat))
    within = np.minimum(upper, lower) > -flat / 2
    share: Picture = np.maximum(shell_share(wall, vertebra.shell_mm, upright), ends * (wall > -upright / 2)) * within
    return share


def standard_core(vertebra: Vertebra) -> Inside:
    """The lattice of points over which a density is the mean; none in a body too flat for one."""
    halves = (vertebra.width_mm / 2, vertebra.depth_mm / 2, vertebra.height_mm / 2)
    steps = [np.arange(-half, half, LATTICE_MM, dtype=np.float32) for half in halves]
    left, back, up = (each.ravel() for each in np.meshgrid(*steps, indexing="ij"))
    places = np.stack([left, back, up], axis=-1) @ np.array(vertebra.axes, np.float32) + vertebra.centre.astype(
        np.float32
    )
    points = Inside((places[:, 0], places[:, 1], places[:, 2]), left, back, up, *depths(vertebra, left, back, up))
    return points.of(points.in_core & (back < vertebra.depth_mm / 6))
