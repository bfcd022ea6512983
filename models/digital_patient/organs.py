"""Soft organs and vessels, placed beside the vertebrae that they lie beside in most people."""

from collections.abc import Callable, Sequence

import numpy as np

from models.digital_patient.grid import Canvas, Floats, shifted
from models.digital_patient.spine import Vertebra
from models.digital_patient.structures import Structure
from models.digital_patient.trunk import TrunkFrame

S = Structure
CAVITY = (S.VISCERAL_FAT,)
CHEST = (S.VISCERAL_FAT, S.LUNG)
AORTA_ANGLE_DEG = {"T4": 58, "T5": 62, "T6": 62, "T7": 58, "T8": 50, "T9": 42, "T10": 32, "T11": 22, "T12": 12,
                   "L1": 8, "L2": 8, "L3": 6, "L4": 2}  # fmt: skip
"""Where the descending aorta lies: from straight ahead of the body (0) to its left (90)."""


def paint_viscera(canvas: Canvas, frame: TrunkFrame, rng: np.random.Generator) -> None:
    """Heart, liver, spleen, stomach, kidneys and bowel inside the cavity."""
    at = _placer(frame)
    size = frame.trunk.half_width_mm / 128
    heart = shifted(at("T8", 26, -72), 0, 0, 4)
    canvas.ellipsoid(heart, np.array([52, 42, 50]) * size, S.HEART, CHEST)
    canvas.ellipsoid(shifted(at("T11", -52, -38), 0, 0, 2), np.array([82, 84, 74]) * size, S.LIVER, CAVITY)
    canvas.ellipsoid(shifted(at("T11", 25, -70), 0, 0, 6), np.array([60, 40, 30]) * size, S.LIVER, CAVITY)
    canvas.ellipsoid(shifted(at("T11", 92, 2), 0, 0, 0), np.array([32, 42, 46]) * size, S.SPLEEN, CAVITY)
    stomach = at("T12", 62, -58)
    canvas.ellipsoid(stomach, np.array([42, 46, 44]) * size, S.BOWEL, CAVITY)
    canvas.ellipsoid(shifted(stomach, 0, -22, 8), np.array([30, 16, 26]) * size, S.BOWEL_GAS, (S.BOWEL,))
    for side, level in ((-1, "L2"), (1, "L1")):
        kidney = at(level, side * 58, 8)
        canvas.ellipsoid(kidney, np.array([25, 28, 54]) * size, S.KIDNEY, CAVITY)
        canvas.ellipsoid(shifted(kidney, -side * 16, -8, 0), np.array([14, 12, 22]) * size, S.VISCERAL_FAT, (S.KIDNEY,))
    low, high = frame.height_of("L5") - 40, frame.height_of("L1") - 5
    for _ in range(60):
        section = frame.at(z := rng.uniform(low, high))[0]
        angle, out = rng.uniform(0.9, np.pi), rng.uniform(0.3, 0.85)
        x, y = section.on_cage(angle, int(rng.choice((-1, 1))), 0)
        place = np.array(
            [section.middle_x + (x - section.middle_x) * out, section.middle_y + (y - section.middle_y) * out, z]
        )
        radii = rng.uniform(12, 24, 3)
        canvas.ellipsoid(place, radii, S.BOWEL, CAVITY)
        if rng.random() < 0.4:
            canvas.ellipsoid(shifted(place, 0, -radii[1] * 0.3, 0), radii * 0.65, S.BOWEL_GAS, (S.BOWEL,))


def paint_vessels(canvas: Canvas, frame: TrunkFrame, radius_mm: float, plaque: int, rng: np.random.Generator) -> None:
    """Aorta with its arch, caval and pulmonary veins, airways, vessels of the lungs, plaques."""
    by_level = {each.level: each for each in frame.vertebrae}
    over = (*CHEST, S.HEART, S.MUSCLE, S.LIVER, S.BOWEL, S.BOWEL_GAS, S.AORTA)
    radii = np.interp([by_level[level].centre[2] for level in AORTA_ANGLE_DEG], *_thinning(frame, radius_mm))
    down = np.array(
        [beside_aorta(by_level[level], radius) for level, radius in zip(AORTA_ANGLE_DEG, radii, strict=True)]
    )
    top, heart = down[0], frame.height_of("T8")
    ascending = np.array([top[0] - 38, top[1] - 62, heart + 35])
    arch = np.array([ascending, [ascending[0] - 2, ascending[1], top[2]], [top[0] - 22, top[1] - 34, top[2] + 20], top])
    cava = np.array([_right_of(by_level[level], 15) for level in ("L4", "L2", "T12", "T10")])
    cava = np.vstack([cava, [cava[-1, 0] - 6, cava[-1, 1] - 22, heart - 10]])
    canvas.tube(cava, radius_mm * 0.95, S.VEIN, over)
    upper = np.array(
        [[ascending[0] - 20, ascending[1] + 6, heart + 15], [ascending[0] - 20, ascending[1] + 8, top[2] + 40]]
    )
    canvas.tube(upper, radius_mm * 0.7, S.VEIN, over)
    trunk_end = np.array([ascending[0] + 22, ascending[1] + 6, heart + 32])
    for side in (-1, 1):
        canvas.tube(np.array([trunk_end, shifted(trunk_end, side * 40, 34, 4)]), 11.0, S.VEIN, over)
    canvas.tube(arch, radius_mm * 1.15, S.AORTA, over)
    canvas.tube(down, radii, S.AORTA, over)
    for side in (-1, 1):
        iliac = np.array([down[-1], shifted(down[-1], side * 22, 4, -38), shifted(down[-1], side * 45, 30, -90)])
        canvas.tube(iliac, radius_mm * 0.5, S.AORTA, over)
    _paint_airways(canvas, frame)
    _paint_lung_vessels(canvas, trunk_end, rng)
    for _ in range(plaque):
        index = int(rng.integers(3, len(down) - 1))
        middle = down[index] + (down[index + 1] - down[index]) * rng.random()
        turn = rng.uniform(0, 2 * np.pi)
        rim = middle + radii[index] * 0.92 * np.array([np.cos(turn), np.sin(turn), 0])
        canvas.ellipsoid(rim, rng.uniform(1.2, 3.5, 3), S.PLAQUE, (S.AORTA, *CHEST))


def paint_back_muscles(canvas: Canvas, vertebrae: Sequence[Vertebra]) -> None:
    """Erector spinae beside the spinous processes, psoas beside the lumbar bodies."""
    flesh = (S.MUSCLE, S.VISCERAL_FAT, S.LUNG)
    seen = [each for each in vertebrae if each.level[0] in "TL"]
    for side in (-1, 1):
        line = np.array([each.point(side * 27, each.depth_mm / 2 + each.canal_depth_mm + 17, 0) for each in seen])
        line = np.vstack([line, line[-1] + (line[-1] - line[-2])])
        canvas.tube(line, np.linspace(13, 24, len(line)), S.PARASPINAL_MUSCLE, flesh)
        lumbar = [each for each in vertebrae if each.level[0] == "L"]
        psoas = np.array(
            [each.point(side * (each.width_mm / 2 + 9 + 2 * i), 6 - 3 * i, 0) for i, each in enumerate(lumbar)]
        )
        psoas = np.vstack([psoas, psoas[-1] + [side * 14, -14, -40]])
        canvas.tube(psoas, np.array([9, 13, 17, 20, 22, 22]), S.PSOAS, CAVITY)


def beside_aorta(vertebra: Vertebra, radius_mm: float) -> Floats:
    """Centre of the aorta at the height of a body."""
    angle = np.radians(AORTA_ANGLE_DEG[vertebra.level])
    return vertebra.point(
        (vertebra.width_mm / 2 + radius_mm + 1.5) * np.sin(angle),
        -(vertebra.depth_mm / 2 + radius_mm + 2) * np.cos(angle),
        0,
    )


def _right_of(vertebra: Vertebra, radius_mm: float) -> Floats:
    return vertebra.point(-vertebra.width_mm * 0.45, -(vertebra.depth_mm / 2 + radius_mm - 2), 0)


def _thinning(frame: TrunkFrame, radius_mm: float) -> tuple[list[float], list[float]]:
    return [frame.height_of("L4"), frame.height_of("T4")], [radius_mm * 0.75, radius_mm * 1.1]


def _placer(frame: TrunkFrame) -> Callable[[str, float, float], Floats]:
    """Place by level, and mm to the left of and behind the middle of the cavity's rear half."""

    def at(level: str, left: float, back: float) -> Floats:
        section = frame.at(z := frame.height_of(level))[0]
        wide, deep = section.half_width / 128, section.half_depth / 92
        return np.array([section.middle_x + left * wide, section.middle_y + (back + 30) * deep, z])

    return at


def _paint_airways(canvas: Canvas, frame: TrunkFrame) -> None:
    by_level = {each.level: each for each in frame.vertebrae}
    pipe = np.array(
        [by_level[level].point(-3, -(by_level[level].depth_mm / 2 + 20), 0) for level in ("C5", "T2", "T5")]
    )
    over = (*CHEST, S.MUSCLE, S.AORTA, S.VEIN)
    canvas.tube(pipe, 9.5, S.MUSCLE, CHEST)
    canvas.tube(pipe, 7.5, S.AIRWAY, over)
    for side in (-1, 1):
        bronchus = np.array([pipe[-1], pipe[-1] + [side * 34, 6, -30]])
        canvas.tube(bronchus, 5.5, S.AIRWAY, over)


def _paint_lung_vessels(canvas: Canvas, root: Floats, rng: np.random.Generator) -> None:
    for side in (-1, 1):
        start = shifted(root, side * 42, 34, 0)
        for _ in range(45):
            aim = np.array([side * rng.uniform(0.1, 1), rng.uniform(-1, 1), rng.uniform(-1.3, 1.2)])
            bend = start + aim * rng.uniform(20, 45)
            end = bend + (aim + rng.normal(0, 0.4, 3)) * rng.uniform(20, 60)
            canvas.tube(np.array([start, bend, end]), np.array([3.6, 2.2, 0.8]), S.LUNG_VESSEL, (S.LUNG,))
