"""Skin, fat, muscle and the cavity of the trunk with its lungs, painted slice by slice.

Outlines are ellipses with blunt corners: with a = (x / half width)^2 and b = (y / half depth)^2, the
inside is a + b - k a b < 1; `k` 0 is an ellipse, 1 a rectangle.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.digital_patient.grid import Canvas, Floats, Labels, Picture
from models.digital_patient.structures import Structure
from models.digital_patient.trunk import TrunkFrame

SKIN_MM = 2.0
SKIN_BUMPS, RING_BUMPS, MUSCLE_BUMPS = (np.float32(each) for each in (0.006, 0.012, 0.06))
LUNG_GAP_MM = 3.0
RECESS_MM = 78.0
"""How far under its dome the diaphragm reaches at the wall."""
LEFT_DOME_LOWER_MM = 11.0
LEVELS = ("C5", "T1", "T4", "T8", "T12", "L2", "L4", "L5")
MUSCLE_WIDE = (20, 24, 17, 19, 27, 33, 36, 30)
MUSCLE_DEEP = (15, 17, 14, 15, 21, 25, 27, 23)
MUSCLE_OUT = (18, 20, 18, 19, 25, 29, 31, 27)
"""Half width and half depth of the muscles beside the spinous processes, and how far from the middle they lie."""
MUSCLE_BACK = (30, 36, 37, 40, 45, 48, 49, 49)
"""How far behind the middle of the body."""
BODY_WIDE = (14, 16, 15, 18, 24, 26, 28, 28)
BODY_DEEP = (12, 13, 15, 18, 21, 22, 23, 23)
"""Soft tissue that clings to the bodies: half width and half depth."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Outline:
    """A blunt ellipse, or one for each voxel."""

    x: Picture
    y: Picture
    wide: Picture
    deep: Picture
    blunt: float

    def value(self, x: Picture, y: Picture) -> Picture:
        """Below 1 inside."""
        a = np.minimum(((x - self.x) / self.wide) ** 2, 1.25)
        b = np.minimum(((y - self.y) / self.deep) ** 2, 1.25)
        value: Picture = a + b - np.float32(self.blunt) * (a * b)
        return value


class Profile:
    """Sizes of one patient's wall by height."""

    def __init__(self, frame: TrunkFrame) -> None:
        heights, trunk, table = frame.heights, frame.trunk, frame.table
        knots = np.array([frame.height_of(level) for level in LEVELS])[::-1]

        def by_height(values: tuple[float, ...]) -> Floats:
            sizes: Floats = np.interp(heights, knots, np.array(values, float)[::-1])
            return sizes

        size = trunk.half_width_mm / 128
        self.frame = frame
        front = table["middle_y"] - table["half_depth"] - trunk.wall_mm * 0.85
        inner_back = table["middle_y"] + table["half_depth"] + trunk.wall_mm
        skin_front = front - trunk.fat_mm * trunk.belly
        skin_back = np.maximum(table["back_y"], inner_back + 6) + 0.7 * trunk.fat_mm
        sides = table["half_width"] + trunk.wall_mm + table["shoulder"]
        self.columns: dict[str, Picture] = {
            name: values.astype(np.float32)
            for name, values in {
                "middle_x": table["middle_x"],
                "spine_x": table["spine_x"],
                "spine_y": table["spine_y"],
                "cavity_y": table["middle_y"],
                "cavity_wide": table["half_width"],
                "cavity_deep": table["half_depth"],
                "wall_y": (front + inner_back) / 2,
                "wall_wide": sides,
                "wall_deep": (inner_back - front) / 2,
                "skin_y": (skin_front + skin_back) / 2,
                "skin_wide": sides + trunk.fat_mm * 1.05,
                "skin_deep": (skin_back - skin_front) / 2,
                "muscle_wide": by_height(MUSCLE_WIDE) * size * trunk.muscle,
                "muscle_deep": by_height(MUSCLE_DEEP) * size * trunk.muscle,
                "muscle_out": by_height(MUSCLE_OUT) * size,
                "muscle_back": by_height(MUSCLE_BACK) * size,
                "body_wide": by_height(BODY_WIDE) * size,
                "body_deep": by_height(BODY_DEEP) * size,
            }.items()
        }

    def at(self, z: Picture | Floats) -> dict[str, Picture]:
        """Every size at one or more heights."""
        rows = self.frame.rows(z)
        return {name: values[rows] for name, values in self.columns.items()}


@dataclass(frozen=True, slots=True)
class Slice:
    """One slice of a canvas: its labels, where its voxels are, bumps there, and the sizes at its height.

    Where a patient is turned, rows have their own height; that of the middle column counts for a whole row.
    """

    labels: Labels
    x: Picture
    y: Picture
    z: Picture
    bumps: Picture
    size: dict[str, Picture]

    def outline(self, of: str, blunt: float) -> Picture:
        """Below 1 inside one of the blunt ellipses around the middle."""
        size = self.size
        return Outline(size["middle_x"], size[of + "_y"], size[of + "_wide"], size[of + "_deep"], blunt).value(
            self.x, self.y
        )


def paint_trunk(canvas: Canvas, frame: TrunkFrame) -> None:
    """Skin, fat, muscle, and the cavity with lungs and fat, slice by slice."""
    profile = Profile(frame)
    domes = np.float32(frame.height_of("T10") + 12 + frame.trunk.dome_shift_mm)
    apex = frame.height_of("T1") + 12
    rows, columns = (slice(0, size) for size in canvas.grid.shape[1:])
    for index, labels in enumerate(canvas.structures):
        places = canvas.places((slice(index, index + 1), rows, columns))
        x, y, z = (place[0] for place in places)
        bumps = np.atleast_3d(np.asarray(canvas.bumps(places, 1.0), np.float32))[0]
        one = Slice(labels, x, y, z, bumps, profile.at(z[:, z.shape[1] // 2 : z.shape[1] // 2 + 1]))
        cavity = _paint_wall(one, frame.trunk.sunken_mm)
        _paint_lungs(one, cavity, one.z - domes, z < apex)
        _paint_back(one)


def _paint_wall(one: Slice, sunken_mm: float) -> Picture:
    """Outline, fat, the ring of muscle and the cavity; below 1 inside the cavity."""
    size, labels = one.size, one.labels
    skin = one.outline("skin", 0.4) - SKIN_BUMPS * one.bumps
    ring = one.outline("wall", 0.4) - RING_BUMPS * one.bumps
    cavity = one.outline("cavity", 0.32)
    if sunken_mm:
        dent = sunken_mm * np.exp(-(((one.x - size["middle_x"]) / 40) ** 2))
        sunk = np.where(one.y < size["cavity_y"], 2 * dent / size["cavity_deep"], 0)
        skin, ring, cavity = skin + sunk, ring + sunk, cavity + sunk
    labels[skin < 1] = Structure.SKIN
    labels[skin < 1 - 2 * SKIN_MM / size["skin_deep"]] = Structure.SUBCUTANEOUS_FAT
    labels[(ring < 1) & (skin < 1)] = Structure.MUSCLE
    labels[cavity < 1] = Structure.VISCERAL_FAT
    return cavity


def _paint_back(one: Slice) -> None:
    """Soft tissue on the bodies and around the arches, and the muscles beside the spinous processes."""
    size, labels = one.size, one.labels
    inside = PAINTED_OVER[labels]
    cling = Outline(size["spine_x"], size["spine_y"], size["body_wide"], size["body_deep"], 0.3)
    labels[(cling.value(one.x, one.y) < 1) & inside] = Structure.VISCERAL_FAT
    behind = size["spine_y"] + size["muscle_back"]
    for side in (-1, 1):
        middle = size["spine_x"] + side * size["muscle_out"]
        bulk = Outline(middle, behind, size["muscle_wide"], size["muscle_deep"], 0.3).value(one.x, one.y)
        labels[(bulk - MUSCLE_BUMPS * one.bumps < 1) & inside] = Structure.PARASPINAL_MUSCLE


def _paint_lungs(one: Slice, cavity: Picture, above_dome: Picture, below_apex: Mask) -> None:
    size = one.size
    across = (one.x - size["middle_x"]) / size["cavity_wide"]
    along = (one.y - size["cavity_y"]) / size["cavity_deep"]
    inside = cavity < 1 - 2 * LUNG_GAP_MM / size["cavity_deep"]
    above = above_dome + LEFT_DOME_LOWER_MM * (across > 0)
    to_back = np.where(along > 0, np.float32(1.0), np.float32(0.7)) * along**2
    sunk = 1.1 * ((np.abs(across) - 0.45) / 0.55) ** 2 + to_back
    bulge = np.exp(-(((along + 0.25) / 0.4) ** 2))
    mediastinum = np.abs(across) < 0.07 + 0.2 * bulge
    foramen = ((one.x - size["spine_x"]) / 17) ** 2 + ((one.y - size["spine_y"] - 24) / 17) ** 2 < 1
    lung = inside & (above > -RECESS_MM * sunk) & ~mediastinum & ~foramen & below_apex
    one.labels[lung & (one.labels == Structure.VISCERAL_FAT)] = Structure.LUNG


PAINTED_OVER = np.isin(
    np.arange(256), (Structure.SUBCUTANEOUS_FAT, Structure.MUSCLE, Structure.VISCERAL_FAT, Structure.LUNG)
)


def paint_breasts(canvas: Canvas, frame: TrunkFrame) -> None:
    """Fat with a little gland in front of the chest."""
    radius = frame.trunk.breast_mm
    if radius <= 0:
        return
    z = frame.height_of("T7")
    section = frame.at(z)[0]
    front = section.middle_y - section.half_depth - frame.trunk.wall_mm - frame.trunk.fat_mm * frame.trunk.belly
    for side in (-1, 1):
        middle = np.array([section.middle_x + side * section.half_width * 0.58, front + radius * 0.35, z])
        sizes = np.array([radius * 1.15, radius * 0.75, radius * 1.1])
        canvas.ellipsoid(middle, sizes, Structure.SKIN, (Structure.AIR,), 0.03)
        canvas.ellipsoid(middle, sizes - SKIN_MM, Structure.SUBCUTANEOUS_FAT, (Structure.SKIN,), 0.03)
        canvas.ellipsoid(middle, sizes * 0.5, Structure.MUSCLE, (Structure.SUBCUTANEOUS_FAT,), 0.3)
