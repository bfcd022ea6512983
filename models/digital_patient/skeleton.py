"""The rest of the skeleton: discs, canal, sternum, shoulder girdle and arms."""

from collections.abc import Sequence

import numpy as np

from models.digital_patient.grid import Canvas, Floats, is_empty, shifted
from models.digital_patient.spine import Vertebra
from models.digital_patient.structures import Structure
from models.digital_patient.trunk import TrunkFrame
from models.digital_patient.vertebra import local

SOFT = tuple(
    each
    for each in Structure
    if each
    not in (
        Structure.AIR, Structure.RIB, Structure.SACRUM, Structure.HIP, Structure.STERNUM, Structure.ARM_BONE,
        Structure.BODY_CORTEX, Structure.BODY_TRABECULAR, Structure.POSTERIOR_ELEMENTS, Structure.TABLE,
    )
)  # fmt: skip
VACUUM_FROM = 0.45
"""Discs that lost more of their height hold gas."""


def paint_discs(canvas: Canvas, vertebrae: Sequence[Vertebra]) -> None:
    """Every gap between two bodies, bulging a little."""
    for vertebra in vertebrae:
        half, gap = vertebra.height_mm / 2, vertebra.disc_below_mm + 4
        sunk = vertebra.mean_loss_mm * (1 - vertebra.upper_share)
        top, bottom = vertebra.point(0, 0, -half + sunk + 4), vertebra.point(0, 0, -half - gap + 1)
        reach = np.full(3, vertebra.width_mm / 2 + 8)
        box = canvas.grid.box(np.minimum(top, bottom) - reach, np.maximum(top, bottom) + reach)
        if is_empty(box):
            continue
        places = canvas.places(box)
        left, back, up = local(vertebra, places)
        flat = (left / (vertebra.width_mm / 2 * 0.99)) ** 2 + (back / (vertebra.depth_mm / 2 * 0.97)) ** 2
        corner = np.minimum((left * back) ** 2 / (vertebra.width_mm * vertebra.depth_mm / 4) ** 2, 0.4)
        worn = vertebra.sclerosis[1] / 1.6
        edge = 1.0 + 0.12 * worn + canvas.bumps(places, 0.05)
        inside = (flat - 0.45 * corner < edge) & (up < -half + sunk + 5) & (up > -half - gap)
        canvas.fill(box, inside, Structure.DISC, SOFT)
        if worn > VACUUM_FROM:
            gas = vertebra.point(0, -0.1 * vertebra.depth_mm, -half - vertebra.disc_below_mm / 2)
            canvas.ellipsoid(gas, (9, 7, 1.6), Structure.BOWEL_GAS, (Structure.DISC,), 0.2)


def paint_canal(canvas: Canvas, vertebrae: Sequence[Vertebra]) -> None:
    """Thecal sac in fat, in a continuous tube through the arches."""
    line = np.array(
        [each.canal_centre(up) for each in vertebrae for up in (each.height_mm / 2, 0.0, -each.height_mm / 2)]
    )
    wide, deep = (
        np.array([size for each in vertebrae for size in [own(each)] * 3]) for own in (_canal_width, _canal_depth)
    )
    off = np.stack([np.maximum(wide - deep, 0) / 2, 0 * wide, 0 * wide], axis=1)
    over = (*SOFT, Structure.POSTERIOR_ELEMENTS)
    for side in (-1, 1):
        canvas.tube(line + side * off, deep / 2 - 0.3, Structure.VISCERAL_FAT, over)
    canvas.tube(line, deep / 2 - 1.0, Structure.CANAL, over)


def _canal_width(vertebra: Vertebra) -> float:
    return vertebra.canal_width_mm


def _canal_depth(vertebra: Vertebra) -> float:
    return min(vertebra.canal_width_mm, vertebra.canal_depth_mm)


def paint_sternum_and_arms(canvas: Canvas, frame: TrunkFrame) -> None:
    """Sternum in front of T3-T9, clavicles, scapulae and shoulder joints; arms beside the trunk if they are down."""
    heights = np.linspace(frame.height_of("T3"), frame.height_of("T9"), 7)
    sunk = frame.trunk.sunken_mm * np.linspace(0.2, 1, 7)
    points = np.array(
        [
            (s.middle_x, s.middle_y - s.half_depth - 6 + deep, z)
            for s, z, deep in zip(frame.at(heights), heights, sunk, strict=True)
        ]
    )
    wide = np.array([1.7, 1.5, 0.8, 0.9, 1.0, 1.1, 0.6])
    rods: list[tuple[Floats, float | Floats]] = [
        (points + wide[:, None] * [[shift, 0, 0]], 5.0) for shift in (-11, -6, 0, 6, 11)
    ]
    canvas.bone(rods, Structure.STERNUM, shell_mm=0.7)
    top = frame.height_of("T2")
    section = frame.at(top)[0]
    broad = section.half_width + section.shoulder
    raised = 6 if frame.trunk.arms == "down" else 24
    for side in (-1, 1):
        joint = np.array([section.middle_x + side * (broad - 22), section.middle_y + 12, top + raised])
        canvas.bone_tube(np.array([joint, shifted(joint, 0, 0, -6)]), 21.0, Structure.ARM_BONE, shell_mm=1.0)
        clavicle = np.array(
            [points[0] + [side * 18, 2, 6], (points[0] + joint) / 2 + [0, -8, 14], shifted(joint, 0, -4, 22)]
        )
        canvas.bone_tube(clavicle, 5.5, Structure.ARM_BONE, shell_mm=1.6)
        _paint_scapula(canvas, frame, joint, side, top)
        if frame.trunk.arms == "down":
            _paint_arm(canvas, joint, side)


def _paint_scapula(canvas: Canvas, frame: TrunkFrame, joint: Floats, side: int, top: float) -> None:
    """A thin blade on the rear wall with thick borders, its spine and neck."""
    lines: list[tuple[Floats, float | Floats]] = []
    for step in range(8):
        z = top - 2 - 15 * step
        blade = frame.at(z)[0]
        inner, outer = blade.on_cage(0.72, side, 15), blade.on_cage(1.2 - 0.055 * step, side, 18)
        lines.append((np.array([[*inner, z], [*outer, z]]), np.array([1.8, 4.0])))
    spine = np.array([lines[1][0][0], lines[1][0][1] + [0, 6, 4], shifted(joint, 0, 14, 8)])
    lines.append((spine, np.array([2.5, 4.0, 6.0])))
    lines.append((np.array([lines[1][0][1], shifted(joint, -side * 14, 6, -6)]), np.array([5.0, 9.0])))
    canvas.bone(lines, Structure.ARM_BONE, shell_mm=0.9, flat=3)


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
