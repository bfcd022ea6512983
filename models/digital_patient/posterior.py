"""The arch behind a vertebral body: pedicles, laminae, articular, transverse and spinous processes.

Sizes follow textbook proportions by level, in mm for a body of usual width; all of it scales with
the body and the canal.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from models.digital_patient.grid import Canvas, Floats, Picture, is_empty, shell_share
from models.digital_patient.spine import WIDTH_MM, Vertebra
from models.digital_patient.structures import LEVELS, Structure
from models.digital_patient.vertebra import depths, local

POSTERIOR_SHELL_MM = 0.65
ROUGH_MM = 0.5
KNOTS = ("C5", "C7", "T1", "T4", "T8", "T10", "T11", "T12", "L1", "L3", "L5", "L6")
PEDICLE_WIDTH = (6.5, 7.5, 8.5, 6.2, 7.0, 8.0, 9.4, 9.2, 9.4, 11.5, 15.5, 16.0)
PEDICLE_HEIGHT = (7.0, 8.0, 9.5, 11.5, 12.5, 14.5, 16.0, 16.0, 15.5, 14.5, 15.0, 15.0)
SPINOUS_LENGTH = (16.0, 30.0, 30.0, 26.0, 27.0, 22.0, 20.0, 21.0, 26.0, 29.0, 21.0, 18.0)
SPINOUS_SLOPE_DEG = (20, 18, 20, 42, 58, 48, 33, 22, 12, 8, 10, 12)
"""Below the plane of the lower endplate."""
SPINOUS_TALL = (8.0, 10.0, 11.0, 11.0, 11.0, 13.0, 15.0, 17.0, 19.0, 21.0, 15.0, 12.0)
"""Height of the plate at its tip."""
LAMINA_TALL = (12.0, 14.0, 16.0, 18.0, 20.0, 21.0, 22.0, 23.0, 23.0, 22.0, 17.0, 15.0)
TRANSVERSE_SPAN = (26.0, 34.0, 37.0, 31.0, 29.0, 26.0, 22.0, 21.0, 34.0, 42.0, 42.0, 40.0)
"""From the middle to the tip."""
TRANSVERSE_BACK = (-4.0, 2.0, 6.0, 10.0, 12.0, 12.0, 9.0, 7.0, 7.0, 6.0, 1.0, 0.0)
"""How far the tip lies behind the root."""
TRANSVERSE_UP = (0.0, 2.0, 4.0, 3.0, 2.0, 2.0, 2.0, 1.0, 2.0, 3.0, 6.0, 6.0)
TRANSVERSE_RADIUS = (4.0, 5.0, 5.0, 4.8, 4.6, 4.4, 3.8, 3.4, 2.9, 3.1, 5.2, 5.5)
FACET_RADIUS = (4.4, 4.4, 4.4, 4.2, 4.3, 4.6, 5.0, 5.5, 6.2, 6.8, 7.4, 7.4)


@dataclass(frozen=True, slots=True)
class Part:
    """A tapered rod in the vertebra's frame (left, back, up), stretched along one or two of its axes."""

    start: tuple[float, float, float]
    stop: tuple[float, float, float]
    radii: tuple[float, float]
    stretch: tuple[float, float, float] = (1.0, 1.0, 1.0)


def by_level(level: str, values: tuple[float, ...]) -> float:
    """A value from a table at `KNOTS`, interpolated between them."""
    at = [LEVELS.index(knot) for knot in KNOTS]
    return float(np.interp(LEVELS.index(level), at, values))


def size_of(vertebra: Vertebra) -> float:
    """How large a vertebra is for its level."""
    return vertebra.width_mm / (WIDTH_MM[LEVELS.index(vertebra.level)] * 1.13)


def _root(vertebra: Vertebra) -> tuple[float, float, float]:
    """Left, back and up of the middle of the joint pillar on the left."""
    width = by_level(vertebra.level, PEDICLE_WIDTH) * size_of(vertebra)
    back = vertebra.depth_mm / 2 + vertebra.canal_depth_mm * 0.68
    return vertebra.canal_width_mm / 2 + width * 0.42, back, 0.1 * vertebra.height_mm


def transverse_tip(vertebra: Vertebra, side: int) -> Floats:
    """LPS mm of the tip of the transverse process on one side (+1 is left)."""
    return vertebra.point(*_transverse(vertebra, side).stop)


def _transverse(vertebra: Vertebra, side: int) -> Part:
    left, back, up = _root(vertebra)
    level, size = vertebra.like or vertebra.level, size_of(vertebra)
    out = by_level(level, TRANSVERSE_SPAN) * size
    radius = by_level(level, TRANSVERSE_RADIUS) * size
    lumbar = level[0] == "L"
    start = (side * left, back - (4.0 if lumbar else 0.0), up)
    stop = (side * out, start[1] + by_level(level, TRANSVERSE_BACK), up + by_level(level, TRANSVERSE_UP))
    if vertebra.joined:
        stop = (side * (out + 3), start[1] - 4, -0.45 * vertebra.height_mm)
        return Part(start, stop, (8.0, 13.0))
    return Part(start, stop, (radius, radius * (0.8 if lumbar else 1.15)), (1, 1, 1.5 if lumbar else 1.1))


def parts_of(vertebra: Vertebra) -> Iterator[Part]:
    """The arch as rods."""
    level, size, high = vertebra.level, size_of(vertebra), vertebra.height_mm
    left, back, up = _root(vertebra)
    arch = vertebra.depth_mm / 2 + vertebra.canal_depth_mm + 2.4
    width, tall = (by_level(level, table) * size for table in (PEDICLE_WIDTH, PEDICLE_HEIGHT))
    lamina, facet = (by_level(level, table) * size for table in (LAMINA_TALL, FACET_RADIUS))
    lumbar = float(np.clip((LEVELS.index(level) - LEVELS.index("T11")) / 2, 0, 1))
    pedicle_up = (0.24 - 0.04 * lumbar) * high
    middle = -0.22 * high
    for side in (-1, 1):
        foot = (side * (left + 0.06 * width), vertebra.depth_mm / 2 - 4, pedicle_up)
        yield Part(foot, (side * left, back - 2, pedicle_up - 1), (width / 2, width / 2), (1, 1, tall / width))
        yield Part(
            (side * left, back, up), (side * 1.5, arch + 1.0, middle), (4.5 * size, 4.2 * size), (1, 1, lamina / 9.5)
        )
        above = 0.5 * high + 0.6 * vertebra.disc_above_mm + 1.5
        below = -0.5 * high - 0.7 * vertebra.disc_below_mm - (1.0 + 3.0 * lumbar)
        outer, inner = left + 3.5 * lumbar, left - 1.5 - 2.0 * lumbar
        yield Part((side * left, back, up), (side * outer, back - 1.0, above), (facet, facet * 0.75), (1, 0.8, 1))
        yield Part(
            (side * left, back + 1, up), (side * inner, arch - 0.5, below), (facet * 0.9, facet * 0.72), (1, 0.8, 1)
        )
        yield _transverse(vertebra, side)
    slope = np.radians(by_level(level, SPINOUS_SLOPE_DEG))
    length, tip = (by_level(level, table) * size for table in (SPINOUS_LENGTH, SPINOUS_TALL))
    end = (0.0, arch + length * np.cos(slope), middle - length * np.sin(slope))
    thin = 2.6 * size
    yield Part((0.0, arch + 1, middle), end, (thin, thin * 1.25), (1, 1, tip / (2.5 * thin)))


def paint_posterior(canvas: Canvas, vertebra: Vertebra) -> None:
    """Paint the arch with one shell around all of it; body and canal stay free."""
    parts = tuple(parts_of(vertebra))
    corners = np.array([vertebra.point(*end) for part in parts for end in (part.start, part.stop)])
    whole = canvas.grid.box(corners.min(axis=0) - 14, corners.max(axis=0) + 14)
    if is_empty(whole):
        return
    places = canvas.places(whole)
    left, back, up = local(vertebra, places)
    shape = tuple(part.stop - part.start for part in whole)
    depth = np.full(shape, -99.0, np.float32)
    for part in parts:
        box = _box_of(canvas, vertebra, part, whole)
        if not is_empty(box):
            inner = tuple(np.broadcast_to(each, shape)[box] for each in (left, back, up))
            depth[box] = np.maximum(depth[box], _part_depth(part, inner))
    depth += canvas.bumps(places, ROUGH_MM)
    in_body = np.minimum.reduce(depths(vertebra, left, back, up)) > 0
    canal = _canal_radius(vertebra, left, back)
    limit = (canal - 1) * np.float32(vertebra.canal_depth_mm / 2) + np.float32(0.2)
    depth[:] = np.where(canal < 1, np.float32(-9), np.minimum(depth, limit))
    depth[in_body] = -9
    inside = depth > 0
    shell = POSTERIOR_SHELL_MM * vertebra.shell_mm / 0.4
    share = shell_share(depth, shell, canvas.grid.spacing_mm[2]) * ~in_body
    canvas.cortex[whole] = np.where(inside, share, np.maximum(canvas.cortex[whole], share * (canal >= 1)))
    canvas.structures[whole][inside] = Structure.POSTERIOR_ELEMENTS
    canvas.vertebra[whole][inside] = LEVELS.index(vertebra.level) + 1


def _box_of(
    canvas: Canvas, vertebra: Vertebra, part: Part, whole: tuple[slice, slice, slice]
) -> tuple[slice, slice, slice]:
    """Voxels around a part, relative to the whole box."""
    ends = np.array([vertebra.point(*part.start), vertebra.point(*part.stop)])
    reach = max(part.radii) * max(part.stretch) + canvas.grid.spacing_mm[2] + 1.5
    box = canvas.grid.box(ends.min(axis=0) - reach, ends.max(axis=0) + reach)
    found = [
        slice(max(own.start - outer.start, 0), max(min(own.stop, outer.stop) - outer.start, 0))
        for own, outer in zip(box, whole, strict=True)
    ]
    return found[0], found[1], found[2]


def _part_depth(part: Part, places: tuple[Picture, ...]) -> Picture:
    start = [float(a / s) for a, s in zip(part.start, part.stretch, strict=True)]
    along = [float((b - a) / s) for a, b, s in zip(part.start, part.stop, part.stretch, strict=True)]
    offsets = [place * np.float32(1 / s) - a for place, a, s in zip(places, start, part.stretch, strict=True)]
    length2 = sum(each**2 for each in along)
    share = np.clip(sum(offset * (each / length2) for offset, each in zip(offsets, along, strict=True)), 0, 1)
    distance = np.sqrt(sum((offset - share * each) ** 2 for offset, each in zip(offsets, along, strict=True)))
    one, other = (float(radius) for radius in part.radii)
    return np.asarray(one + share * (other - one) - distance, np.float32)


def _canal_radius(vertebra: Vertebra, left: Picture, back: Picture) -> Picture:
    """1 on the wall of the canal."""
    middle = vertebra.depth_mm / 2 + vertebra.canal_depth_mm / 2 - 1
    radius: Picture = np.hypot(left / (vertebra.canal_width_mm / 2), (back - middle) / (vertebra.canal_depth_mm / 2))
    return radius
