"""Ribs: each starts beside its own vertebra, turns behind the transverse process and follows the cage."""

from dataclasses import dataclass

import numpy as np

from models.digital_patient.grid import Canvas, Floats
from models.digital_patient.spine import Vertebra
from models.digital_patient.structures import LEVELS, Structure
from models.digital_patient.trunk import TrunkFrame
from models.digital_patient.vertebra import transverse_tip

END_ANGLE = (2.3, 2.45, 2.5, 2.5, 2.5, 2.45, 2.4, 2.3, 2.15, 2.0)
"""Where the bone of ribs 1 to 10 ends in front (0 behind, pi in front)."""
DROP_MM = (24, 38, 48, 56, 62, 68, 72, 76, 78, 78, 62, 40, 26)
FIRST_ANGLE = 0.42
STEP_MM = 6.0
RIB_RADIUS_MM = 3.9
TALLER = 1.5
RIB_SHELL_MM = 1.0


@dataclass(frozen=True, slots=True)
class Rib:
    """One rib: number, side (+1 left), the level that carries it, its length if it floats."""

    number: int
    side: int
    level: str
    floating_mm: float | None


def rib_line(rib: Rib, vertebra: Vertebra, frame: TrunkFrame) -> Floats:
    """Points (n, 3) in LPS mm from the head of the rib to the end of its bone."""
    upper = 0.28 * vertebra.height_mm
    head = vertebra.point(rib.side * (vertebra.width_mm / 2 + 2.5), vertebra.depth_mm * 0.36, upper)
    tip = transverse_tip(vertebra, rib.side)
    tubercle = tip + np.array([rib.side * 3.0, -2.0, 3.0])
    end = END_ANGLE[rib.number - 1] if rib.number <= len(END_ANGLE) else 2.6
    drop = DROP_MM[rib.number - 1]
    angles = np.linspace(FIRST_ANGLE, end, 46)
    heights = tubercle[2] - 4 - drop * np.sin(np.clip(angles / end, 0, 1) * 1.45) ** 1.4
    wall = [
        (*section.on_cage(angle, rib.side, 5.0), height)
        for angle, height, section in zip(angles, heights, frame.at(heights), strict=True)
    ]
    lateral = [point for point in wall if rib.side * (point[0] - tubercle[0]) > 4]
    points = np.array([head, (head + tubercle) / 2 + [0, 1.0, 0], tubercle, *lateral])
    return points if rib.floating_mm is None else _shortened(points, rib.floating_mm)


def paint_rib(canvas: Canvas, rib: Rib, vertebra: Vertebra, frame: TrunkFrame) -> None:
    """Bone, and cartilage to the sternum for the upper ten."""
    line = rib_line(rib, vertebra, frame)
    radius = RIB_RADIUS_MM * (0.85 if rib.number in (1, 11, 12, 13) else 1.0)
    canvas.bone_tube(
        line, radius, Structure.RIB, shell_mm=RIB_SHELL_MM, flat=TALLER, number=LEVELS.index(rib.level) + 1
    )
    if rib.floating_mm is None:
        height = line[-1, 2]
        angles = np.linspace(END_ANGLE[rib.number - 1], 2.95 if rib.number < 8 else 2.6, 8)
        climb = np.linspace(0, 10 if rib.number < 4 else 30, 8)
        sections = frame.at(height + climb)
        points = [(*s.on_cage(a, rib.side, 5.0), height + c) for a, s, c in zip(angles, sections, climb, strict=True)]
        canvas.tube(np.array([line[-1], *points]), radius, Structure.CARTILAGE)


def _shortened(points: Floats, length_mm: float) -> Floats:
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    run = np.concatenate([[0.0], np.cumsum(steps)])
    at = np.linspace(0, min(length_mm, run[-1]), max(4, int(length_mm / STEP_MM)))
    return np.stack([np.interp(at, run, points[:, axis]) for axis in range(3)], axis=1)
