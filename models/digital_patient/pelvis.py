"""Sacrum and hip bones under the last free vertebra."""

import numpy as np

from models.digital_patient.grid import Canvas, Floats, Picture, is_empty, shifted
from models.digital_patient.spine import Vertebra
from models.digital_patient.structures import Structure
from models.digital_patient.vertebra import depths, local

HEIGHT_MM = (31.0, 25.0, 21.0, 18.0, 15.0)
WIDTH_MM = (50.0, 38.0, 31.0, 27.0, 22.0)
DEPTH_MM = (33.0, 23.0, 17.0, 13.0, 10.0)
"""Of the five sacral segments."""
BEND_DEG = (0.0, -10.0, 0.0, 26.0, 42.0)
WINGS = ((27.0, 15.0, 13.0), (22.0, 12.0, 11.0), (12.0, 9.0, 8.0), (7.0, 6.0, 5.0))
"""How far the wings of a segment reach beyond its body, and their radius at both ends."""
SHELL_MM, HIP_SHELL_MM = 0.7, 1.3
REMNANT_MM = 2.6
BLADE_HEIGHTS_MM = (36.0, 18.0, 0.0, -18.0, -36.0, -54.0, -72.0, -92.0)
"""Over the top of the sacrum."""
BLADE = (
    ((84, 30), (112, 4), (132, -26)),
    ((68, 38), (104, 0), (131, -44)),
    ((58, 42), (92, 2), (128, -62)),
    ((52, 44), (80, 4), (124, -76)),
    ((50, 42), (74, -4), (118, -88)),
    ((56, 28), (78, -18), (112, -92)),
    ((64, 6), (82, -28), (106, -84)),
    ((72, -6), (86, -34), (98, -66)),
)
"""Left and back of the rear end, the middle and the front of the hip bone at those heights."""
BLADE_RADII_MM = (8.0, 3.6, 6.0)
BLADE_STEP_MM = 9.0


def sacral_segments(last: Vertebra, tilt_deg: float) -> list[Vertebra]:
    """The five segments as bodies that touch each other, S1 first."""
    size = last.width_mm / 53
    below = last.height_mm / 2 - last.mean_loss_mm * (1 - last.upper_share) + last.disc_below_mm
    place, found = last.point(0, 0, -below), []
    for number, (height, width, depth, bend) in enumerate(zip(HEIGHT_MM, WIDTH_MM, DEPTH_MM, BEND_DEG, strict=True), 1):
        tilt = np.radians(tilt_deg + bend)
        up = np.array([0.0, np.sin(tilt), np.cos(tilt)])
        left = np.array([1.0, 0.0, 0.0])
        axes = tuple((float(a), float(b), float(c)) for a, b, c in (left, np.cross(up, left), up))
        centre = place - up * height * size / 2
        found.append(
            Vertebra(
                f"S{number}",
                (float(centre[0]), float(centre[1]), float(centre[2])),
                axes,
                height_mm=height * size + 1,
                width_mm=width * size,
                depth_mm=depth * size,
                disc_below_mm=0.0,
                canal_width_mm=24.0 * size,
                canal_depth_mm=13.0 * size,
                concave_mm=0.6,
                waist=0.04,
            )
        )
        place = place - up * height * size
    return found


def paint_sacrum(canvas: Canvas, last: Vertebra, tilt_deg: float) -> None:
    """One bone: bodies, wings and the crest behind the sacral canal; a thin disc between S1 and S2."""
    segments, size = sacral_segments(last, tilt_deg), last.width_mm / 53
    lines: list[tuple[Floats, Floats]] = []
    for segment, (reach, one, other) in zip(segments, WINGS, strict=False):
        for side in (-1, 1):
            root = segment.point(side * (segment.width_mm / 2 - one * 0.6), 2, 0.05 * segment.height_mm)
            tip = segment.point(side * (segment.width_mm / 2 + reach * size - other), 0.42 * segment.depth_mm, -2)
            lines.append((np.array([root, tip]), np.array([one, other]) * size))
            arch = segment.point(side * (segment.width_mm * 0.32), segment.depth_mm / 2 + 6, 0)
            crest = segment.point(0, segment.depth_mm / 2 + 15 * size, -2)
            lines.append((np.array([arch, crest]), np.array([5.0, 4.5]) * size))
    crest = np.array([each.point(0, each.depth_mm / 2 + 15 * size, 0) for each in segments])
    lines.append((crest, np.array([5.0, 5.0, 4.5, 4.0, 3.5]) * size))
    _paint_united(canvas, segments, lines)
    _paint_remnant(canvas, segments[0])
    canal = np.array([each.point(0, each.depth_mm / 2 + 5 * size, 0) for each in segments[:4]])
    canal = np.vstack([last.canal_centre(-last.height_mm / 2), canal])
    canvas.tube(canal, np.array([8.0, 7.0, 5.5, 4.5, 3.0]) * size, Structure.CANAL)


def _paint_united(canvas: Canvas, segments: list[Vertebra], lines: list[tuple[Floats, Floats]]) -> None:
    corners, reach = np.array([each.centre for each in segments]), np.array([72, 40, 30])
    whole = canvas.grid.box(corners.min(axis=0) - reach, corners.max(axis=0) + reach)
    if is_empty(whole):
        return
    shape = tuple(part.stop - part.start for part in whole)
    depth = np.full(shape, -99.0, np.float32)
    for segment in segments:
        box = canvas.grid.box(segment.centre - 36, segment.centre + 36)
        if not is_empty(box):
            _deepen(depth, whole, box, np.minimum.reduce(depths(segment, *local(segment, canvas.places(box)))))
    for points, radii in lines:
        for box, own in canvas.along(points, radii, 1.25):
            _deepen(depth, whole, box, own)
    canvas.lay(whole, depth, Structure.SACRUM, shell_mm=SHELL_MM, rough_mm=0.7)


def _deepen(depth: Picture, whole: tuple[slice, ...], box: tuple[slice, ...], own: Picture) -> None:
    inner = tuple(
        slice(max(part.start, outer.start) - outer.start, min(part.stop, outer.stop) - outer.start)
        for part, outer in zip(box, whole, strict=True)
    )
    cut = tuple(
        slice(max(outer.start - part.start, 0), max(outer.start - part.start, 0) + each.stop - each.start)
        for part, outer, each in zip(box, whole, inner, strict=True)
    )
    if all(each.stop > each.start for each in inner):
        depth[inner] = np.maximum(depth[inner], own[cut])


def _paint_remnant(canvas: Canvas, first: Vertebra) -> None:
    """The narrow disc that stays between S1 and S2."""
    box = canvas.grid.box(first.centre - 40, first.centre + 40)
    if is_empty(box):
        return
    left, back, up = local(first, canvas.places(box))
    flat = (left / (0.42 * first.width_mm)) ** 2 + (back / (0.4 * first.depth_mm)) ** 2 < 1
    off = np.abs(up + first.height_mm / 2)
    inside = flat & (off < REMNANT_MM / 2)
    rim = flat & (off < REMNANT_MM / 2 + 1.2) & ~inside
    canvas.cortex[box][inside] = 0
    canvas.cortex[box][rim] = np.maximum(canvas.cortex[box][rim], np.float16(0.25))
    canvas.fill(box, inside, Structure.DISC, (Structure.SACRUM,))


def paint_hips(canvas: Canvas, last: Vertebra) -> None:
    """The wings of both hip bones."""
    size, top = last.width_mm / 53, last.point(0, 0, -last.height_mm / 2 - last.disc_below_mm)
    rows = np.array(BLADE, float)[::-1]
    for side in (-1, 1):
        lines = []
        for height in np.arange(BLADE_HEIGHTS_MM[0], BLADE_HEIGHTS_MM[-1], -BLADE_STEP_MM):
            ends = [[np.interp(height, BLADE_HEIGHTS_MM[::-1], rows[:, end, a]) for a in (0, 1)] for end in range(3)]
            blade = np.array([(side * left, back, height) for left, back in ends]) * size
            lines.append((shifted(blade, *top), np.array(BLADE_RADII_MM) * size))
        canvas.bone(lines, Structure.HIP, shell_mm=HIP_SHELL_MM, flat=2.6)
