"""The trunk around the column: its sizes by height, as the frame in which everything else is placed."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d

from models.digital_patient.grid import Canvas, Floats
from models.digital_patient.spine import Vertebra
from models.digital_patient.structures import Structure

PROFILE_LEVELS = ("C5", "C7", "T1", "T3", "T5", "T8", "T11", "L2", "L4")
CAVITY_WIDTH = (0.30, 0.34, 0.52, 0.78, 0.92, 1.03, 1.04, 0.98, 0.99)
CAVITY_DEPTH = (0.45, 0.48, 0.55, 0.73, 0.88, 1.0, 1.04, 0.94, 0.84)
SHOULDER_MM = (0, 22, 62, 60, 30, 8, 0, 0, 0)
"""How far the muscles of shoulder and flank add to the half width."""
BEHIND_BODY_MM = 33.0
"""From the middle of a vertebral body back to the rear end of the lungs."""
BACK_MM = (60, 66, 70, 64, 60, 56, 61, 70, 74)
"""From the middle of a vertebral body to the fat of the back, at the same levels."""
STEP_MM = 1.0
BEYOND_MM = (320.0, 120.0)
"""How far the frame goes on below and above the column."""


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
    muscle: float = 1.0
    """Size of the back muscles, relative."""
    belly: float = 1.0
    """Fat in front relative to fat at the flanks."""
    breast_mm: float = 0.0
    """Radius of the breasts; 0 for none."""
    sunken_mm: float = 0.0
    """How far the sternum lies behind its usual place (pectus excavatum)."""


@dataclass(frozen=True, slots=True)
class CrossSection:
    """The cavity and the outline at one height."""

    middle_x: float
    spine_x: float
    spine_y: float
    middle_y: float
    half_width: float
    half_depth: float
    shoulder: float

    def on_cage(self, angle: float, side: int, outside: float) -> tuple[float, float]:
        """X and y on the wall of the cavity; angle 0 is behind, pi in front."""
        sine, cosine = float(np.sin(angle)), float(np.cos(angle))
        x = self.middle_x + side * (self.half_width + outside) * abs(sine) ** (2 / 2.3)
        y = self.middle_y + (self.half_depth + outside) * float(np.sign(cosine)) * abs(cosine) ** (2 / 2.3)
        return x, y


@dataclass(frozen=True)
class TrunkFrame:
    """Cross sections by height, interpolated between the vertebrae."""

    trunk: Trunk
    vertebrae: tuple[Vertebra, ...] = field(repr=False)

    @cached_property
    def heights(self) -> Floats:
        """Z of the tabulated cross sections, rising."""
        return np.arange(
            self.vertebrae[-1].centre[2] - BEYOND_MM[0], self.vertebrae[0].centre[2] + BEYOND_MM[1], STEP_MM
        )

    @cached_property
    def table(self) -> dict[str, Floats]:
        """By name of a size: its value at each of `heights`."""
        heights, trunk = self.heights, self.trunk
        column = np.array([each.centre for each in self.vertebrae])[::-1]
        spine_x, spine_y = (np.interp(heights, column[:, 2], column[:, axis]) for axis in (0, 1))
        smooth_x, smooth_y = (gaussian_filter1d(each, 35 / STEP_MM, mode="nearest") for each in (spine_x, spine_y))
        near_x, near_y = (gaussian_filter1d(each, 6 / STEP_MM, mode="nearest") for each in (spine_x, spine_y))
        knots = np.array([self.height_of(level) for level in PROFILE_LEVELS])[::-1]
        width, depth, shoulder, back = (
            gaussian_filter1d(np.interp(heights, knots, np.array(values, float)[::-1]), 15 / STEP_MM, mode="nearest")
            for values in (CAVITY_WIDTH, CAVITY_DEPTH, SHOULDER_MM, BACK_MM)
        )
        if trunk.arms == "up":
            shoulder = shoulder * 0.75
        visceral = 1 + (trunk.visceral - 1) * np.interp(heights, knots[:4], (1.0, 1.0, 0.5, 0.0))
        half_depth = depth * trunk.half_depth_mm * visceral
        behind = np.minimum(BEHIND_BODY_MM, half_depth * 0.6)
        return {
            "middle_x": smooth_x * 0.5,
            "spine_x": near_x,
            "spine_y": near_y,
            "middle_y": smooth_y + behind - half_depth,
            "half_width": width * trunk.half_width_mm * (0.5 + visceral / 2),
            "half_depth": half_depth,
            "shoulder": shoulder,
            "back_y": smooth_y + back * (0.7 + 0.3 * trunk.half_width_mm / 128) * (0.5 + trunk.muscle / 2),
        }

    def at(self, z_mm: Floats | float) -> list[CrossSection]:
        """Cross sections at heights in LPS mm."""
        rows = self.rows(np.atleast_1d(np.asarray(z_mm, float)))
        return [CrossSection(*(float(self.table[name][row]) for name in CrossSection.__slots__)) for row in rows]

    def rows(self, z_mm: Floats | NDArray[np.float32]) -> NDArray[np.intp]:
        """Which tabulated cross section is nearest to each height."""
        found = np.rint((z_mm - self.heights[0]) / STEP_MM).astype(np.intp)
        rows: NDArray[np.intp] = np.clip(found, 0, len(self.heights) - 1)
        return rows

    def height_of(self, level: str) -> float:
        """Z of the middle of a body; of the lowest one if there is none of that name."""
        found = (each.centre_lps_mm[2] for each in self.vertebrae if each.level == level)
        return float(next(found, self.vertebrae[-1].centre_lps_mm[2]))


def paint_table(canvas: Canvas, frame: TrunkFrame) -> None:
    """A curved, hollow couch under the back."""
    backs = frame.table["back_y"][frame.rows(canvas.grid.along(0))]
    paint_couch(canvas, float(backs.max()) + 0.7 * frame.trunk.fat_mm + 8)


def paint_couch(canvas: Canvas, back_mm: float) -> None:
    """The same, with its upper face at a posterior coordinate."""
    x, y = canvas.grid.along(2)[None, None, :], canvas.grid.along(1)[None, :, None]
    under = y - back_mm + 22 * (x / 220) ** 2
    couch = (np.abs(x) < 220) & (under > 0) & (under < 32) & (canvas.structures == Structure.AIR)
    shell = (under < 3) | (under > 29)
    canvas.structures[couch & shell] = Structure.TABLE
