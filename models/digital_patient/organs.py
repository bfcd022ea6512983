"""Soft organs, placed beside the vertebrae that they lie beside in most people."""

import itertools
from collections.abc import Callable

import numpy as np

from models.digital_patient.findings import SoftFindings
from models.digital_patient.grid import Canvas, Floats, shifted
from models.digital_patient.structures import Structure
from models.digital_patient.trunk import TrunkFrame

S = Structure
CAVITY = (S.VISCERAL_FAT,)
CHEST = (S.VISCERAL_FAT, S.LUNG)
UNDER_LUNG = (S.VISCERAL_FAT, S.LUNG)
ROUGH = 0.05
BOWEL_LOOPS = 80
COLON_MM = 19.0


def paint_viscera(canvas: Canvas, frame: TrunkFrame, found: SoftFindings, rng: np.random.Generator) -> None:
    """Heart, liver, spleen, stomach, kidneys, pancreas and bowel inside the cavity."""
    at = _placer(frame)
    size = frame.trunk.half_width_mm / 128
    dome = frame.trunk.dome_shift_mm
    sway = rng.normal(0, 5, (8, 3))
    heart = shifted(at("T8", 26, -70), 0, 0, -2 + dome / 2) + sway[0] * 0.6
    heart_size = size * found.heart
    canvas.ellipsoid(heart, np.array([56, 46, 50]) * heart_size, S.VISCERAL_FAT, CHEST, ROUGH)
    canvas.ellipsoid(heart, np.array([51, 42, 46]) * heart_size, S.HEART, CHEST, ROUGH)
    canvas.ellipsoid(shifted(heart, -30, 8, 14), np.array([30, 34, 34]) * heart_size, S.HEART, CHEST, ROUGH)
    liver = shifted(at("T11", -54, -32), 0, 0, 2 + dome) + sway[1]
    canvas.ellipsoid(liver, np.array([94, 106, 90]) * size, S.LIVER, CAVITY, ROUGH)
    canvas.ellipsoid(shifted(liver, 76, -36, 12), np.array([66, 44, 36]) * size, S.LIVER, CAVITY, ROUGH)
    canvas.ellipsoid(shifted(liver, 20, -30, -34), np.array([14, 18, 30]) * size, S.FLUID, (S.LIVER, *CAVITY), ROUGH)
    spleen = shifted(at("T11", 90, 8), 0, 0, dome) + sway[2]
    canvas.ellipsoid(spleen, np.array([38, 50, 58]) * size * rng.uniform(0.75, 1.2), S.SPLEEN, CAVITY, ROUGH)
    _paint_stomach(canvas, at("T12", 60, -54) + sway[3] + [0, 0, dome], size, found)
    for side, level, own in ((-1, "L2", sway[4]), (1, "L1", sway[5])):
        kidney = shifted(at(level, side * 60, 12), 0, 0, 8) + own * (0.4, 0.4, 2.0)
        canvas.ellipsoid(kidney, np.array([34, 37, 66]) * size, S.VISCERAL_FAT, (S.BOWEL, S.LIVER), ROUGH)
        canvas.ellipsoid(kidney, np.array([25, 29, 54]) * size, S.KIDNEY, (*CAVITY, S.LIVER, S.SPLEEN), ROUGH)
        canvas.ellipsoid(shifted(kidney, -side * 17, -9, 0), np.array([10, 9, 19]) * size, S.VISCERAL_FAT, (S.KIDNEY,))
    _paint_pancreas(canvas, at, sway[6])
    _paint_colon(canvas, frame, found, rng)
    _paint_small_bowel(canvas, frame, found, rng)


def _paint_stomach(canvas: Canvas, stomach: Floats, size: float, found: SoftFindings) -> None:
    canvas.ellipsoid(shifted(stomach, 0, 34, 34), np.array([50, 46, 50]) * size, S.BOWEL, CAVITY, ROUGH)
    canvas.ellipsoid(stomach, np.array([44, 50, 50]) * size, S.BOWEL, CAVITY, ROUGH)
    canvas.ellipsoid(shifted(stomach, -34, -22, -28), np.array([38, 22, 24]) * size, S.BOWEL, CAVITY, ROUGH)
    filling = S.ORAL_CONTRAST if found.oral_contrast else S.BOWEL
    canvas.ellipsoid(shifted(stomach, 0, 8, -4), np.array([32, 28, 34]) * size, filling, (S.BOWEL,), ROUGH)
    canvas.ellipsoid(
        shifted(stomach, 0, -24, 8), np.array([30, 15, 26]) * size * found.gas, S.BOWEL_GAS, (S.BOWEL,), ROUGH
    )


def _paint_pancreas(canvas: Canvas, at: "Placer", sway: Floats) -> None:
    line = np.array([at("L2", -34, -48), at("L1", -10, -62), at("L1", 22, -50), at("T12", 62, -20)]) + sway * 0.6
    canvas.tube(line, np.array([14.0, 11.0, 10.0, 8.0]), S.BOWEL, CAVITY, 1.5)
    duodenum = np.array(
        [at("L1", -36, -44), at("L2", -42, -36), at("L3", -26, -42), at("L3", 14, -46), at("L2", 34, -54)]
    )
    canvas.tube(duodenum + sway * 0.4, 11.0, S.BOWEL, CAVITY, 1.5)


def _paint_colon(canvas: Canvas, frame: TrunkFrame, found: SoftFindings, rng: np.random.Generator) -> None:
    """Ascending behind on the right, transverse in front, descending behind on the left; faeces and gas."""
    low, high = frame.height_of("L5") - 20, frame.height_of("L1") - 12
    bends: list[Floats] = []
    for angle, side, z in (
        (1.25, -1, low - 30), (1.15, -1, (low + high) / 2), (1.35, -1, high - 5), (2.2, -1, high - 25),
        (2.9, -1, high - 45), (2.9, 1, high - 40), (2.1, 1, high - 5), (1.2, 1, high + 18), (1.05, 1, (low + high) / 2),
        (1.1, 1, low - 30),
    ):  # fmt: skip
        section = frame.at(z)[0]
        x, y = section.on_cage(angle, side, -COLON_MM - 8)
        bends.append(np.array([x, y, z]) + rng.normal(0, 7, 3))
    line = np.array(bends)
    canvas.tube(line, COLON_MM * rng.uniform(0.75, 1.25, len(line)), S.BOWEL, CAVITY, 3.0)
    for start, stop in itertools.pairwise(line):
        for share in np.linspace(0.1, 0.9, 4):
            place = start + (stop - start) * share + rng.normal(0, 4, 3)
            kind, radius = rng.random(), rng.uniform(6, 15)
            filling = S.BOWEL_GAS if kind < 0.45 * found.gas else S.BOWEL
            if found.oral_contrast and kind > 0.6:
                filling = S.ORAL_CONTRAST
            canvas.ellipsoid(shifted(place, 0, -3, 0), np.array([radius] * 3), filling, (S.BOWEL,), 0.15)


def _paint_small_bowel(canvas: Canvas, frame: TrunkFrame, found: SoftFindings, rng: np.random.Generator) -> None:
    low, high = frame.height_of("L5") - 90, frame.height_of("L1") - 10
    for _ in range(BOWEL_LOOPS):
        section = frame.at(z := rng.uniform(low, high))[0]
        angle, out, side = rng.uniform(1.2, np.pi), rng.uniform(0.15, 0.75), int(rng.choice((-1, 1)))
        x, y = section.on_cage(angle, side, 0)
        place = np.array(
            [section.middle_x + (x - section.middle_x) * out, section.middle_y + (y - section.middle_y) * out, z]
        )
        radii, kind = rng.uniform(9, 22, 3), rng.random()
        canvas.ellipsoid(place, radii, S.BOWEL, CAVITY, 0.12)
        if kind < 0.25 * found.gas:
            canvas.ellipsoid(shifted(place, 0, -radii[1] * 0.3, 0), radii * 0.6, S.BOWEL_GAS, (S.BOWEL,), 0.1)
        elif found.oral_contrast and kind > 0.4:
            canvas.ellipsoid(place, radii * 0.7, S.ORAL_CONTRAST, (S.BOWEL,), 0.1)


Placer = Callable[[str, float, float], Floats]


def _placer(frame: TrunkFrame) -> Placer:
    """Place by level, and mm to the left of and behind the middle of the cavity's rear half."""

    def at(level: str, left: float, back: float) -> Floats:
        section = frame.at(z := frame.height_of(level))[0]
        wide, deep = section.half_width / 128, section.half_depth / 92
        return np.array([section.middle_x + left * wide, section.middle_y + (back + 30) * deep, z])

    return at
