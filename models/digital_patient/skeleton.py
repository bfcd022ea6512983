"""The rest of the skeleton: discs, canal, sacrum and hip bones, sternum, arms; spurs, cement and rods."""

from collections.abc import Collection, Sequence

import numpy as np

from models.digital_patient.grid import Canvas, Floats, shifted
from models.digital_patient.spine import SACRUM_TILT_DEG, Vertebra
from models.digital_patient.structures import Structure
from models.digital_patient.trunk import TrunkFrame

SOFT = tuple(
    each
    for each in Structure
    if each
    not in (
        Structure.AIR, Structure.RIB, Structure.SACRUM, Structure.HIP, Structure.STERNUM, Structure.ARM_BONE,
        Structure.BODY_CORTEX, Structure.BODY_TRABECULAR, Structure.POSTERIOR_ELEMENTS, Structure.TABLE,
    )
)  # fmt: skip
PEDICLE_SCREW_MM = 2.9


def paint_discs(canvas: Canvas, vertebrae: Sequence[Vertebra]) -> None:
    """Every gap between two bodies, as a stack of short cylinders."""
    for vertebra in vertebrae:
        half, gap = vertebra.height_mm / 2, vertebra.disc_below_mm + 4
        top, bottom = vertebra.point(0, 0, -half + 2.5), vertebra.point(0, 0, -half - gap + 1)
        radius = vertebra.width_mm / 2
        reach = np.array([radius + 6, radius + 6, gap])
        box = canvas.grid.box(np.minimum(top, bottom) - reach, np.maximum(top, bottom) + reach)
        x, y, z = canvas.places(box)
        offsets = [place - each for place, each in zip((x, y, z), vertebra.centre, strict=True)]
        left, back, up = (sum(o * a for o, a in zip(offsets, axis, strict=True)) for axis in vertebra.axes)
        flat = (np.abs(left) / (vertebra.width_mm / 2 * 0.97)) ** 2.3 + (
            np.abs(back) / (vertebra.depth_mm / 2 * 0.95)
        ) ** 2.3
        inside = (flat < 1) & (up < -half + 3.5) & (up > -half - gap)
        canvas.fill(box, inside, Structure.DISC, SOFT)


def paint_canal(canvas: Canvas, vertebrae: Sequence[Vertebra]) -> None:
    """Thecal sac in a continuous tube through the arches."""
    line = np.array(
        [each.canal_centre(up) for each in vertebrae for up in (each.height_mm / 2, 0.0, -each.height_mm / 2)]
    )
    radius = np.array([min(each.canal_width_mm, each.canal_depth_mm) / 2 - 0.7 for each in vertebrae for _ in range(3)])
    canvas.tube(line, radius, Structure.CANAL, (*SOFT, Structure.POSTERIOR_ELEMENTS))


def paint_pelvis(canvas: Canvas, last: Vertebra) -> None:
    """Sacrum under the last disc, tapering downwards, and the blades of the two hip bones."""
    tilt = np.radians(SACRUM_TILT_DEG)
    down = -np.array([0.0, np.sin(tilt), np.cos(tilt)])
    wide = last.width_mm / 2
    base = last.point(0, 2, -last.height_mm / 2 - last.disc_below_mm - 12)
    sacrum: list[tuple[Floats, float]] = []
    for step, shrink in enumerate((1.0, 0.83, 0.68, 0.55, 0.42)):
        middle = base + down * (20 * step) + np.array([0.0, 1.6 * step**2, 0.0])
        radius = 13.0 * (0.6 + 0.4 * shrink)
        across = np.array([wide * shrink - radius * 0.5, 0.0, 0.0])
        sacrum.append((np.array([middle - across, middle + across]), radius))
        for side in (-1, 1):
            wing = np.array([middle + across * side, middle + shifted(across * side, side * 30 * shrink, 16, -6)])
            sacrum.append((wing, radius))
    canvas.bone(sacrum, Structure.SACRUM, shell_mm=1.0)
    for side in (-1, 1):
        blades = []
        for height in range(46, -75, -7):
            out = 62 + 0.25 * max(height, -20)
            blade = np.array([(out - 12, 44, height), (out + 4, 4, height), (out + 32, -42, height - 4)])
            blades.append((blade * [side, 1, 1] + base, 6.0))
        canvas.bone(blades, Structure.HIP, shell_mm=1.6, flat=1.6)


def paint_sternum_and_arms(canvas: Canvas, frame: TrunkFrame) -> None:
    """Sternum in front of T3-T9, clavicles, scapulae and shoulder joints; arms beside the trunk if they are down."""
    heights = np.linspace(frame.height_of("T3"), frame.height_of("T9"), 9)
    points = np.array(
        [(s.middle_x, s.middle_y - s.half_depth - 6, z) for s, z in zip(frame.at(heights), heights, strict=True)]
    )
    rods = [(shifted(points, shift, 0, 0), 5.5) for shift in (-11, -6, 0, 6, 11)]
    canvas.bone(rods, Structure.STERNUM, shell_mm=0.9)
    top = frame.height_of("T2")
    section = frame.at(top)[0]
    wide = section.half_width + section.shoulder
    for side in (-1, 1):
        joint = np.array(
            [
                section.middle_x + side * (wide - 22),
                section.middle_y + 12,
                top + (6 if frame.trunk.arms == "down" else 22),
            ]
        )
        canvas.bone_tube(np.array([joint, shifted(joint, 0, 0, -6)]), 21.0, Structure.ARM_BONE, shell_mm=1.2)
        clavicle = np.array(
            [points[0] + [side * 14, 2, 6], (points[0] + joint) / 2 + [0, -8, 14], shifted(joint, 0, -4, 22)]
        )
        canvas.bone_tube(clavicle, 5.5, Structure.ARM_BONE, shell_mm=1.8)
        for step in range(6):
            z = top - 4 - 20 * step
            blade = frame.at(z)[0]
            inner, outer = blade.on_cage(0.72, side, 15), blade.on_cage(1.15 - 0.06 * step, side, 17)
            canvas.bone_tube(np.array([[*inner, z], [*outer, z]]), 2.4, Structure.ARM_BONE, shell_mm=1.2, flat=5)
        if frame.trunk.arms == "down":
            _paint_arm(canvas, joint, side)


def _paint_arm(canvas: Canvas, joint: Floats, side: int) -> None:
    line = np.array(
        [
            joint,
            shifted(joint, side * 34, 10, -110),
            shifted(joint, side * 40, 14, -260),
            shifted(joint, side * 30, -10, -480),
        ]
    )
    outside = (Structure.AIR,)
    canvas.tube(line, np.array([34.0, 44.0, 40.0, 30.0]), Structure.SUBCUTANEOUS_FAT, outside)
    canvas.tube(line, np.array([30.0, 36.0, 33.0, 24.0]), Structure.MUSCLE, (Structure.SUBCUTANEOUS_FAT,))
    canvas.bone_tube(line, 11.0, Structure.ARM_BONE, shell_mm=4.0)


def paint_hardware(
    canvas: Canvas,
    vertebrae: Sequence[Vertebra],
    *,
    osteophytes: Collection[str],
    cement: Collection[str],
    rods: Collection[str],
) -> None:
    """Bony spurs at the rims, cement in bodies, pedicle screws joined by rods."""
    heads: dict[int, list[Floats]] = {-1: [], 1: []}
    for vertebra in vertebrae:
        if vertebra.level in osteophytes:
            _paint_spurs(canvas, vertebra)
        if vertebra.level in cement:
            for left, back, up, radius in ((3, -4, 1, 8), (-6, -2, -2, 6), (7, 1, 3, 4)):
                canvas.ellipsoid(vertebra.point(left, back, up), [radius] * 3, Structure.CEMENT, BODY_ONLY)
        if vertebra.level in rods:
            for side in (-1, 1):
                entry = vertebra.point(side * (vertebra.canal_width_mm / 2 + 8), vertebra.depth_mm / 2 + 26, 4)
                tip = vertebra.point(side * 6, -vertebra.depth_mm * 0.2, 2)
                canvas.tube(np.array([entry, tip]), PEDICLE_SCREW_MM, Structure.METAL)
                canvas.ellipsoid(entry, [6.5] * 3, Structure.METAL, tuple(Structure))
                heads[side].append(entry)
    for line in heads.values():
        if len(line) > 1:
            canvas.tube(np.array(line), PEDICLE_SCREW_MM, Structure.METAL)


BODY_ONLY = (Structure.BODY_TRABECULAR,)


def _paint_spurs(canvas: Canvas, vertebra: Vertebra) -> None:
    half_height, half_width, half_depth = vertebra.height_mm / 2, vertebra.width_mm / 2, vertebra.depth_mm / 2
    for turn in np.radians((-70, -40, 15, 55, 80)):
        left, back = (half_width + 1.5) * np.sin(turn), -(half_depth + 1.5) * np.cos(turn)
        for end in (-1, 1):
            spur = vertebra.point(left, back, end * half_height * 0.92)
            canvas.ellipsoid(spur, (4.2, 3.4, 2.6), Structure.OSTEOPHYTE, SOFT)
