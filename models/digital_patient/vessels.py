"""Vessels, airways, the oesophagus and the crura of the diaphragm: what lies on the front of the column."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from models.digital_patient.findings import SoftFindings
from models.digital_patient.grid import Canvas, Floats, shifted
from models.digital_patient.organs import CAVITY, CHEST
from models.digital_patient.spine import Vertebra
from models.digital_patient.structures import Structure
from models.digital_patient.trunk import TrunkFrame

S = Structure
AORTA_ANGLE_DEG = {"T4": 58, "T5": 62, "T6": 62, "T7": 58, "T8": 50, "T9": 42, "T10": 32, "T11": 22, "T12": 12,
                   "L1": 8, "L2": 8, "L3": 6, "L4": 2}  # fmt: skip
"""Where the descending aorta lies: from straight ahead of the body (0) to its left (90)."""
LUNG_BRANCHES = 40
ARCH_LIFT_SD_MM = 9.0
"""How far arch and carina lie above or below their usual level: about half a level, as with breath and age."""
OVER = (*CHEST, S.HEART, S.MUSCLE, S.LIVER, S.BOWEL, S.BOWEL_GAS, S.AORTA, S.PARASPINAL_MUSCLE)


@dataclass(frozen=True, slots=True)
class Aorta:
    """One patient's aorta."""

    radius_mm: float
    plaques: int
    winding_deg: float
    """How far it winds to both sides of its usual course."""

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Self:
        """Width, calcification and course."""
        radius, plaques = float(np.clip(rng.normal(11.5, 1.4), 8.5, 17)), int(rng.poisson(rng.gamma(1.2, 6.0)))
        return cls(radius, plaques, float(np.clip(rng.gamma(2.0, 4.0), 0, 28)))


def paint_vessels(canvas: Canvas, frame: TrunkFrame, own: Aorta, found: SoftFindings, rng: np.random.Generator) -> None:
    """Crura, oesophagus, caval and azygos veins, aorta with its arch and branches, airways, plaques."""
    by_level = {each.level: each for each in frame.vertebrae}
    levels = list(AORTA_ANGLE_DEG)
    heights = np.array([by_level[level].centre[2] for level in levels])
    radii = np.interp(heights, [heights[-1], heights[0]], [own.radius_mm * 0.75, own.radius_mm * 1.1])
    swing = own.winding_deg * np.sin(np.linspace(0, rng.uniform(3, 7), len(levels)) + rng.uniform(0, 6))
    down = np.array([beside_aorta(by_level[a], r, float(s)) for a, r, s in zip(levels, radii, swing, strict=True)])
    lift = float(rng.normal(0, ARCH_LIFT_SD_MM))
    down[0] = shifted(down[0], 0, 0, lift)
    _paint_crura(canvas, by_level, down)
    _paint_oesophagus(canvas, by_level, found, rng)
    _paint_veins(canvas, frame, by_level, down[0], own.radius_mm)
    _paint_aorta(canvas, frame, down, radii, rng)
    _paint_branches(canvas, down, levels, rng)
    _paint_airways(canvas, by_level, lift)
    for _ in range(own.plaques):
        index = int(rng.integers(2, len(down) - 1))
        middle = down[index] + (down[index + 1] - down[index]) * rng.random()
        turn = rng.uniform(0, 2 * np.pi)
        rim = middle + radii[index] * 0.92 * np.array([np.cos(turn), np.sin(turn), 0])
        canvas.ellipsoid(rim, rng.uniform(1.0, 4.0, 3), S.PLAQUE, (S.AORTA, *CHEST))


def beside_aorta(vertebra: Vertebra, radius_mm: float, off_deg: float = 0.0) -> Floats:
    """Centre of the aorta at the height of a body."""
    angle = np.radians(AORTA_ANGLE_DEG[vertebra.level] + off_deg)
    return vertebra.point(
        (vertebra.width_mm / 2 + radius_mm + 1.5) * np.sin(angle),
        -(vertebra.depth_mm / 2 + radius_mm + 2) * np.cos(angle),
        0,
    )


def _before(vertebra: Vertebra, left: float, ahead: float, up: float = 0.0) -> Floats:
    """A place in front of a body: mm to the left of its middle and ahead of its front."""
    return vertebra.point(left, -vertebra.depth_mm / 2 - ahead, up)


def _paint_crura(canvas: Canvas, by_level: dict[str, Vertebra], aorta: Floats) -> None:
    """Right and left crus beside the aorta, from T11 down to L3 and L2."""
    for side, last, thick in ((-1, "L3", 7.0), (1, "L2", 6.0)):
        levels = ["T11", "T12", "L1", "L2", "L3"][: 5 if last == "L3" else 4]
        line = np.array([_before(by_level[each], side * 13, 4 + 8 * (each == "T11")) for each in levels])
        canvas.tube(line, np.linspace(thick, 2.5, len(line)), S.MUSCLE, (*CAVITY, S.LUNG, S.LIVER), 0.8)
    top = aorta[list(AORTA_ANGLE_DEG).index("T11")]
    canvas.tube(
        np.array([shifted(top, -16, -8, 6), shifted(top, 0, -18, 10), shifted(top, 15, -6, 6)]), 3.5, S.MUSCLE, CHEST
    )


def _paint_oesophagus(
    canvas: Canvas, by_level: dict[str, Vertebra], found: SoftFindings, rng: np.random.Generator
) -> None:
    places = (("C6", 2, 8), ("T2", 5, 8), ("T5", 3, 9), ("T7", 2, 12), ("T9", 6, 20), ("T10", 12, 30), ("T11", 22, 42))
    line = np.array([_before(by_level[level], left, ahead) for level, left, ahead in places])
    wall, gas = rng.uniform(6.5, 9.5), rng.random()
    canvas.tube(line, wall, S.MUSCLE, (*CHEST, S.LIVER), 0.8)
    first = int(rng.integers(0, 5))
    if gas < 0.6:
        canvas.tube(line[first : first + 3], wall * 0.45, S.AIRWAY, (S.MUSCLE,), 0.8)
    if found.hiatus_hernia:
        hernia = _before(by_level["T10"], 10, 38)
        canvas.ellipsoid(hernia, np.array([36, 30, 32]), S.BOWEL, (*CHEST, S.HEART, S.MUSCLE), 0.08)
        canvas.ellipsoid(shifted(hernia, 0, -8, 4), np.array([22, 16, 20]), S.BOWEL_GAS, (S.BOWEL,), 0.1)


def _paint_veins(
    canvas: Canvas, frame: TrunkFrame, by_level: dict[str, Vertebra], arch: Floats, radius_mm: float
) -> None:
    heart = frame.height_of("T8")
    cava = np.array(
        [_before(by_level[a], -by_level[a].width_mm * 0.42, 12.0) for a in ("L4", "L3", "L2", "T12", "T10")]
    )
    cava = np.vstack([cava, [cava[-1, 0] - 6, cava[-1, 1] - 20, heart - 10]])
    canvas.tube(cava, radius_mm * 0.95 * np.array([0.8, 1, 1.05, 1.1, 1.1, 1.1]), S.VEIN, OVER, 1.0)
    azygos = np.array([_before(by_level[level], -6, 3.5) for level in ("L1", "T11", "T9", "T7", "T5")])
    canvas.tube(azygos, np.array([1.8, 2.4, 3.0, 3.4, 4.0]), S.VEIN, (*CHEST, S.MUSCLE))
    hemiazygos = np.array([_before(by_level[level], 13, 0.5) for level in ("T12", "T10", "T8")])
    canvas.tube(hemiazygos, 2.0, S.VEIN, (*CHEST, S.MUSCLE))
    side = arch[:2] + np.array([-62, -52])
    upper = np.array([[*side, heart + 15], [side[0], side[1] + 2, arch[2] + 40]])
    canvas.tube(upper, radius_mm * 0.75, S.VEIN, OVER)
    for left in (-1, 1):
        neck = np.array([[side[0], side[1], arch[2] + 38], [arch[0] - 30 + left * 38, side[1] + 14, arch[2] + 75]])
        canvas.tube(neck, radius_mm * 0.5, S.VEIN, (*OVER, S.SUBCUTANEOUS_FAT))


def _paint_aorta(canvas: Canvas, frame: TrunkFrame, down: Floats, radii: Floats, rng: np.random.Generator) -> None:
    top, heart, radius_mm = down[0], frame.height_of("T8"), float(radii[0]) / 1.1
    ascending = np.array([top[0] - 38, top[1] - 62, heart + 35])
    arch = np.array([ascending, [ascending[0] - 2, ascending[1], top[2]], [top[0] - 22, top[1] - 34, top[2] + 20], top])
    trunk_end = np.array([ascending[0] + 22, ascending[1] + 6, heart + 32])
    canvas.tube(np.array([shifted(trunk_end, 2, -8, -30), trunk_end]), 13.0, S.VEIN, OVER)
    for side in (-1, 1):
        canvas.tube(np.array([trunk_end, shifted(trunk_end, side * 40, 34, 4)]), 11.0, S.VEIN, OVER)
        pulmonary = np.array([shifted(trunk_end, -6 + side * 18, 34, -38), shifted(trunk_end, side * 50, 42, -30)])
        canvas.tube(pulmonary, 8.0, S.VEIN, OVER)
    canvas.ellipsoid(shifted(trunk_end, -8, 36, -42), np.array([30, 18, 24]), S.HEART, CHEST)
    canvas.tube(arch, radius_mm * 1.15, S.AORTA, OVER)
    for share, out in ((0.35, -30), (0.6, -6), (0.85, 16)):
        root = arch[1] + (arch[2] - arch[1]) * share
        canvas.tube(np.array([root, shifted(root, out * 0.6, -4, 55)]), 4.5, S.AORTA, (*OVER, S.SUBCUTANEOUS_FAT))
    canvas.tube(down, radii, S.AORTA, OVER, 0.6)
    for side in (-1, 1):
        iliac = np.array([down[-1], shifted(down[-1], side * 22, 4, -38), shifted(down[-1], side * 45, 30, -90)])
        canvas.tube(iliac, radius_mm * 0.5, S.AORTA, OVER)
        canvas.tube(shifted(iliac, side * 2, 10, -6), radius_mm * 0.6, S.VEIN, CAVITY)
    _paint_lung_vessels(canvas, trunk_end, rng)


def _paint_branches(canvas: Canvas, down: Floats, levels: Sequence[str], rng: np.random.Generator) -> None:
    """Coeliac trunk, superior mesenteric and renal vessels, lymph nodes."""
    place = dict(zip(levels, down, strict=True))
    mesenteric = np.array([place["L1"], shifted(place["L1"], 0, -20, -4), shifted(place["L3"], -4, -30, 0)])
    canvas.tube(mesenteric, 3.6, S.AORTA, CAVITY)
    canvas.tube(shifted(mesenteric[1:], -13, -2, 4), 5.5, S.VEIN, CAVITY)
    canvas.tube(np.array([place["T12"], shifted(place["T12"], 0, -22, -4)]), 3.6, S.AORTA, CAVITY)
    for side in (-1, 1):
        hilum = shifted(place["L2"], side * 44, 24, 4)
        canvas.tube(np.array([place["L1"] + [0, 0, -14], hilum]), 2.6, S.AORTA, CAVITY)
        canvas.tube(
            np.array([shifted(place["L2"], side * 4 - 12, -14, 6), shifted(hilum, 0, -5, 0)]), 4.5, S.VEIN, CAVITY
        )
    for _ in range(14):
        root = place[str(rng.choice(["L1", "L2", "L3", "L4"]))]
        node = root + rng.normal(0, (16, 8, 12))
        canvas.ellipsoid(node, rng.uniform(2, 5, 3), S.BOWEL, CAVITY)


def _paint_airways(canvas: Canvas, by_level: dict[str, Vertebra], lift_mm: float) -> None:
    pipe = np.array([_before(by_level[level], -3, ahead) for level, ahead in (("C5", 18), ("T2", 20), ("T5", 22))])
    pipe[-1, 2] += lift_mm
    over = (*CHEST, S.MUSCLE, S.AORTA, S.VEIN)
    canvas.tube(pipe, 10.0, S.MUSCLE, CHEST)
    canvas.tube(pipe, 8.0, S.AIRWAY, over)
    for side in (-1, 1):
        bronchus = np.array([pipe[-1], pipe[-1] + [side * 34, 6, -30]])
        canvas.tube(bronchus, 7.0, S.MUSCLE, CHEST)
        canvas.tube(bronchus, 5.5, S.AIRWAY, over)


def _paint_lung_vessels(canvas: Canvas, root: Floats, rng: np.random.Generator) -> None:
    for side in (-1, 1):
        start = shifted(root, side * 42, 34, 0)
        for _ in range(LUNG_BRANCHES):
            aim = np.array([side * rng.uniform(0.1, 1), rng.uniform(-1, 1), rng.uniform(-1.3, 1.2)])
            bend = start + aim * rng.uniform(20, 45)
            end = bend + (aim + rng.normal(0, 0.4, 3)) * rng.uniform(20, 60)
            canvas.tube(np.array([start, bend, end]), np.array([3.6, 2.2, 0.6]), S.LUNG_VESSEL, (S.LUNG,))
