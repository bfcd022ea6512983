"""The trunk around the column: outline, wall, cavity, lungs, table, as slices of superellipses."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.ndimage import gaussian_filter1d

from models.digital_patient.grid import Canvas, Floats, Labels, ScanGrid
from models.digital_patient.spine import Vertebra
from models.digital_patient.structures import Structure

PROFILE_LEVELS = ("C5", "C7", "T1", "T3", "T5", "T8", "T11", "L2", "L4")
CAVITY_WIDTH = (0.30, 0.34, 0.52, 0.78, 0.91, 1.0, 1.0, 0.93, 0.97)
CAVITY_DEPTH = (0.45, 0.48, 0.55, 0.73, 0.88, 1.0, 1.02, 0.96, 0.88)
SHOULDER_MM = (0, 30, 62, 60, 22, 0, 0, 0, 0)
"""How far the shoulders add to the half width."""
BEHIND_BODY_MM = 31.0
"""From the middle of a vertebral body back to the rear end of the lungs."""
BACK_MM = 66.0
"""From the middle of a vertebral body to the skin of the back, without fat."""
SKIN_MM = 2.0


@dataclass(frozen=True, slots=True)
class Trunk:
    """Sizes of the trunk in mm; fat is the layer under the skin."""

    half_width_mm: float = 128.0
    half_depth_mm: float = 92.0
    wall_mm: float = 13.0
    fat_mm: float = 18.0
    visceral: float = 1.0
    arms: Literal["up", "down"] = "up"
    table: bool = True
    dome_shift_mm: float = 0.0
    """Diaphragm higher (+) or lower (-) than in mid inspiration."""


@dataclass(frozen=True, slots=True)
class CrossSection:
    """The cavity and the outline at one height."""

    middle_x: float
    spine_y: float
    middle_y: float
    half_width: float
    half_depth: float
    shoulder: float

    def on_cage(self, angle: float, side: int, outside: float) -> tuple[float, float]:
        """X and y on the wall of the cavity; angle 0 is behind, pi in front."""
        sine, cosine = np.sin(angle), np.cos(angle)
        x = self.middle_x + side * (self.half_width + outside) * abs(sine) ** (2 / 2.3)
        y = self.middle_y + (self.half_depth + outside) * np.sign(cosine) * abs(cosine) ** (2 / 2.3)
        return float(x), float(y)


@dataclass(frozen=True, slots=True)
class TrunkFrame:
    """Cross sections by height, interpolated between the vertebrae."""

    trunk: Trunk
    vertebrae: tuple[Vertebra, ...]

    def at(self, z_mm: Floats | float) -> list[CrossSection]:
        """Cross sections at heights in LPS mm."""
        heights = np.atleast_1d(np.asarray(z_mm, float))
        column = np.array([each.centre for each in self.vertebrae])[::-1]
        fine = np.arange(column[0, 2] - 200, column[-1, 2] + 60, 5.0)
        smooth_x, smooth_y = (
            np.interp(heights, fine, gaussian_filter1d(np.interp(fine, column[:, 2], column[:, axis]), 7))
            for axis in (0, 1)
        )
        knots = np.array([self.height_of(level) for level in PROFILE_LEVELS])[::-1]
        width, depth, shoulder = (
            np.interp(heights, knots, np.array(values)[::-1]) for values in (CAVITY_WIDTH, CAVITY_DEPTH, SHOULDER_MM)
        )
        if self.trunk.arms == "up":
            shoulder = shoulder * 0.75
        visceral = 1 + (self.trunk.visceral - 1) * np.interp(heights, knots[:4], (1.0, 1.0, 0.5, 0.0))
        half_depth = depth * self.trunk.half_depth_mm * visceral
        behind = np.minimum(BEHIND_BODY_MM, half_depth * 0.6)
        half_width = width * self.trunk.half_width_mm * (0.5 + visceral / 2)
        sizes = zip(
            smooth_x * 0.5, smooth_y, smooth_y + behind - half_depth, half_width, half_depth, shoulder, strict=True
        )
        return [CrossSection(*(float(size) for size in each)) for each in sizes]

    def height_of(self, level: str) -> float:
        """Z of the middle of a body."""
        return float(next(each.centre_lps_mm[2] for each in self.vertebrae if each.level == level))


def paint_trunk(canvas: Canvas, frame: TrunkFrame) -> None:
    """Skin, fat, muscle, and the cavity with lungs and fat, slice by slice."""
    grid: ScanGrid = canvas.grid
    heights = grid.along(0)
    x, y = grid.along(2)[None, :], grid.along(1)[:, None]
    domes = frame.height_of("T10") + 12 + frame.trunk.dome_shift_mm
    apex = frame.height_of("T1") + 12
    for index, (z, section) in enumerate(zip(heights, frame.at(heights), strict=True)):
        picture = canvas.structures[index]
        _paint_wall(picture, frame.trunk, section, x, y)
        if z < apex:
            _paint_lungs(picture, section, (x, y), height_above_dome=float(z) - domes)


def _norm(x: Floats, y: Floats, power: float) -> Floats:
    norm: Floats = (np.abs(x) ** power + np.abs(y) ** power) ** (1 / power)
    return norm


def _paint_wall(picture: Labels, trunk: Trunk, section: CrossSection, x: Floats, y: Floats) -> None:
    front = section.middle_y - section.half_depth - trunk.wall_mm
    back = max(section.spine_y + BACK_MM * 0.92, section.middle_y + section.half_depth + trunk.wall_mm)
    wide = section.half_width + trunk.wall_mm + section.shoulder
    middle, deep = (front + back) / 2, (back - front) / 2
    flesh = _norm((x - section.middle_x) / wide, (y - middle) / deep, 2.5)
    deep_out, wide_out = deep + trunk.fat_mm, wide + trunk.fat_mm * 1.1
    skin = _norm((x - section.middle_x) / wide_out, (y - middle) / deep_out, 2.5)
    picture[skin < 1] = Structure.SKIN
    picture[skin < 1 - SKIN_MM / deep_out] = Structure.SUBCUTANEOUS_FAT
    picture[flesh < 1] = Structure.MUSCLE
    cavity = _norm((x - section.middle_x) / section.half_width, (y - section.middle_y) / section.half_depth, 2.3)
    picture[cavity < 1] = Structure.VISCERAL_FAT
    block = np.hypot((x - section.middle_x) / 36, (y - section.spine_y - 34) / 27)
    picture[(block < 1) & (cavity < 1)] = Structure.MUSCLE


def _paint_lungs(
    picture: Labels, section: CrossSection, places: tuple[Floats, Floats], *, height_above_dome: float
) -> None:
    x, y = places
    across = (x - section.middle_x) / section.half_width
    along = (y - section.middle_y) / section.half_depth
    inside = _norm(across, along, 2.3) < 1 - 3 / section.half_depth
    above = height_above_dome + 10 * (across > 0)
    sunk = 1.1 * ((np.abs(across) - 0.45) / 0.55) ** 2 + np.where(along > 0, 1.0, 0.7) * along**2
    bulge = np.exp(-(((along + 0.25) / 0.4) ** 2))
    mediastinum = np.abs(x - section.middle_x) < section.half_width * (0.11 + 0.16 * bulge)
    lung = inside & (above > -78 * sunk) & ~mediastinum
    picture[lung & (picture == Structure.VISCERAL_FAT)] = Structure.LUNG


def paint_table(canvas: Canvas, frame: TrunkFrame) -> None:
    """A curved, hollow couch under the back."""
    section = min(frame.at(canvas.grid.along(0)), key=lambda each: -each.spine_y)
    paint_couch(canvas, section.spine_y + BACK_MM * 0.92 + frame.trunk.fat_mm + 3)


def paint_couch(canvas: Canvas, back_mm: float) -> None:
    """The same, with its upper face at a posterior coordinate."""
    x, y = canvas.grid.along(2)[None, None, :], canvas.grid.along(1)[None, :, None]
    under = y - back_mm + 22 * (x / 220) ** 2
    couch = (np.abs(x) < 220) & (under > 0) & (under < 32) & (canvas.structures == Structure.AIR)
    shell = (under < 3) | (under > 29)
    canvas.structures[couch & shell] = Structure.TABLE
