"""Ribs: each starts at its joint with body and disc, touches its transverse process and follows the cage."""

from dataclasses import dataclass

import numpy as np

from models.digital_patient.grid import Canvas, Floats
from models.digital_patient.numbering import Variant
from models.digital_patient.posterior import transverse_tip
from models.digital_patient.spine import Vertebra
from models.digital_patient.structures import LEVELS, Structure
from models.digital_patient.trunk import TrunkFrame

END_ANGLE = (2.3, 2.45, 2.5, 2.5, 2.5, 2.45, 2.4, 2.3, 2.15, 2.0)
"""Where the bone of ribs 1 to 10 ends in front (0 behind, pi in front)."""
DROP_MM = (24, 38, 48, 56, 62, 68, 72, 76, 78, 78, 62, 40, 26)
"""How much lower the end in front lies."""
ON_BODY_ALONE = {1: 0.22, 10: 0.36, 11: 0.24, 12: 0.14, 13: 0.05}
"""Height of the joint over the middle of the body, in body heights; other ribs reach the disc above it."""
FREE_OF_TRANSVERSE = (11, 12, 13)
FIRST_ANGLE = 0.36
ARC_POINTS = 26
STEP_MM = 8.0
RIB_RADIUS_MM = 3.7
TALLER = 1.6
RIB_SHELL_MM = 0.75
OUTSIDE_CAVITY_MM = 5.0
FLOATING_MM = {11: (185.0, 20.0), 12: (105.0, 32.0), 13: (55.0, 18.0)}
"""Length and its spread."""
RUDIMENTARY_MM = (22.0, 45.0)


@dataclass(frozen=True, slots=True)
class Rib:
    """One rib: number, side (+1 left), the level that carries it, its length if it floats, and its own way."""

    number: int
    side: int
    level: str
    floating_mm: float | None
    drop: float = 1.0
    """How steep it is, relative."""
    sag_mm: float = 0.0
    """How much lower than usual it runs at the side."""
    thickness: float = 1.0


def draw_ribs(rng: np.random.Generator, variant: Variant, size: float) -> tuple[Rib, ...]:
    """All ribs of a patient; every draw is made whatever the variant."""
    steep, sag, thick = rng.normal(1.0, 0.2), rng.normal(0, 6.0), rng.normal(1.0, 0.07)
    missing, rudiments = int(rng.choice((-1, 1))), rng.uniform(*RUDIMENTARY_MM, 2)
    shared, found = rng.standard_normal(3), []
    carriers = [*(f"T{number}" for number in range(1, 13)), "L1"]
    for number, level in enumerate(carriers, 1):
        for side in (-1, 1):
            own = rng.standard_normal(4)
            length = _length(number, shared, own[0]) * size
            is_last = number == variant.rib_pairs
            if is_last and variant.lowest_ribs == "rudimentary":
                length = float(rudiments[max(side, 0)])
            gone = is_last and variant.lowest_ribs == "one-sided" and side == missing
            if number <= variant.rib_pairs and not gone:
                rib = Rib(
                    number,
                    side,
                    level,
                    length if number > 10 else None,
                    drop=float(np.clip(steep + 0.05 * own[1], 0.5, 1.6)),
                    sag_mm=float(sag + 1.5 * own[2]),
                    thickness=float(np.clip(thick + 0.04 * own[3], 0.75, 1.25)),
                )
                found.append(rib)
    return tuple(found)


def _length(number: int, shared: Floats, own: float) -> float:
    mean, spread = FLOATING_MM.get(number, (0.0, 0.0))
    return float(max(mean + spread * (0.9 * shared[max(number - 11, 0)] + 0.4 * own), 0.35 * mean))


def joint(rib: Rib, vertebra: Vertebra) -> Floats:
    """Where the head of a rib touches the column: on body and disc above, or on the body alone."""
    half = vertebra.height_mm / 2
    up = half + 0.4 * vertebra.disc_above_mm
    if rib.number in ON_BODY_ALONE:
        up = ON_BODY_ALONE[rib.number] * vertebra.height_mm
    return vertebra.point(rib.side * (vertebra.width_mm / 2 - 0.5), vertebra.depth_mm * 0.34, up)


def rib_line(rib: Rib, vertebra: Vertebra, frame: TrunkFrame) -> Floats:
    """Points (n, 3) in LPS mm from the head of the rib to the end of its bone."""
    head = joint(rib, vertebra)
    tip = transverse_tip(vertebra, rib.side)
    if rib.number in FREE_OF_TRANSVERSE:
        tubercle = vertebra.point(rib.side * (vertebra.width_mm / 2 + 15), vertebra.depth_mm * 0.75, -0.02 * rib.number)
    else:
        tubercle = tip + np.array([rib.side * 1.5, -6.0, 1.5])
    end = END_ANGLE[rib.number - 1] if rib.number <= len(END_ANGLE) else 2.6
    drop = DROP_MM[rib.number - 1] * rib.drop
    angles = np.linspace(FIRST_ANGLE, end, ARC_POINTS)
    share = np.clip(angles / end, 0, 1)
    heights = tubercle[2] - 5 - drop * np.sin(share * 1.45) ** 1.3 - rib.sag_mm * np.sin(share * np.pi)
    wall = np.array(
        [
            (*section.on_cage(angle, rib.side, OUTSIDE_CAVITY_MM), height)
            for angle, height, section in zip(angles, heights, frame.at(heights), strict=True)
        ]
    )
    lateral = wall[rib.side * (wall[:, 0] - tubercle[0]) > 12]
    neck = (head + tubercle) / 2 + np.array([0, 1.5, 0.5])
    turn = _turn(tubercle, lateral[0]) if len(lateral) else tubercle
    points = np.array([head, neck, tubercle, turn, *lateral])
    return points if rib.floating_mm is None else _shortened(points, rib.floating_mm)


def _turn(tubercle: Floats, first: Floats) -> Floats:
    """Between the tubercle and the wall a rib bulges backwards."""
    middle: Floats = (tubercle + first) / 2 + np.array([0.0, 2.0, -0.5])
    return middle


def paint_rib(canvas: Canvas, rib: Rib, vertebra: Vertebra, frame: TrunkFrame) -> None:
    """Bone, and cartilage to the sternum for the upper ten."""
    line = rib_line(rib, vertebra, frame)
    radius = RIB_RADIUS_MM * rib.thickness * (0.85 if rib.number in (1, 11, 12, 13) else 1.0)
    radii = np.full(len(line), radius)
    radii[0] *= 1.25
    radii[1] *= 0.85
    if rib.floating_mm is not None:
        radii[-2:] *= (0.8, 0.5)
    number = LEVELS.index(rib.level) + 1
    canvas.bone([(line, radii)], Structure.RIB, shell_mm=RIB_SHELL_MM, flat=TALLER, number=number)
    if rib.floating_mm is None:
        height = line[-1, 2]
        angles = np.linspace(END_ANGLE[rib.number - 1], 2.95 if rib.number < 8 else 2.6, 6)
        climb = np.linspace(0, 10 if rib.number < 4 else 30, 6)
        sections = frame.at(height + climb)
        points = [
            (*s.on_cage(a, rib.side, OUTSIDE_CAVITY_MM), height + c)
            for a, s, c in zip(angles, sections, climb, strict=True)
        ]
        canvas.tube(np.array([line[-1], *points]), radius, Structure.CARTILAGE)


def _shortened(points: Floats, length_mm: float) -> Floats:
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    run = np.concatenate([[0.0], np.cumsum(steps)])
    at = np.linspace(0, min(length_mm, run[-1]), max(4, int(length_mm / STEP_MM)))
    return np.stack([np.interp(at, run, points[:, axis]) for axis in range(3)], axis=1)
