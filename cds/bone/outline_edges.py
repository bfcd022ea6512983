"""Whether an outline lies on the edges of a bone: HU along its normals, wall by wall.

A wall of compact bone is brighter than what lies outside it, so the mean HU of a wall falls from within
the outline to without. An outline that floats in soft tissue, or is off by half a centimetre, shows no
fall on at least one side. The posterior side is left out: pedicles leave it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_erosion, gaussian_filter

from cds.bone.body_frame import STEP_MM, BodyFrame
from cds.bone.hu_lines import FALL_OVER_MM, REACH_MM, hu_lines, largest_fall
from cds.ct.volume import CtVolume

SMOOTHING_MM: Final = 2.0
FACING: Final = 0.85
"""A point belongs to a side if the cosine of its normal with that direction is larger."""

SIDES: Final[Mapping[str, tuple[float, float, float]]] = {
    "upper": (1.0, 0.0, 0.0),
    "lower": (-1.0, 0.0, 0.0),
    "anterior": (0.0, -1.0, 0.0),
    "left": (0.0, 0.0, 1.0),
    "right": (0.0, 0.0, -1.0),
}
"""Outward directions in the frame of the body (height, depth, width)."""

NOT_TISSUE_HU: Final = -500.0
"""No endplate faces air: beyond one lie a disc and the next body."""


@dataclass(frozen=True, slots=True)
class OutlineEdges:
    """How far HU fall across each side, HU; and what share of what lies beyond either endplate is air or padding."""

    fall_hu: Mapping[str, float]
    missing_beyond: float

    @property
    def weakest_wall_hu(self) -> float:
        """Fall across the weakest of the three walls."""
        return min(self.fall_hu[side] for side in ("anterior", "left", "right"))

    @property
    def clearer_endplate_hu(self) -> float:
        """Fall across the clearer of the two endplates."""
        return max(self.fall_hu[side] for side in ("upper", "lower"))


def outline_edges(volume: CtVolume, frame: BodyFrame) -> OutlineEdges:
    """Read HU from 6 mm within to 6 mm without the outline, at every point of its surface."""
    points, normals = _surface(frame)
    lines = hu_lines(volume, frame, points, normals)
    of_side = {side: lines[normals @ np.array(direction) > FACING] for side, direction in SIDES.items()}
    return OutlineEdges(
        {side: largest_fall(own) for side, own in of_side.items()},
        max(_missing(of_side[side][:, REACH_MM + FALL_OVER_MM :]) for side in ("upper", "lower")),
    )


def _surface(frame: BodyFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Points of the outer surface (n, 3) as frame index, and unit normals outwards."""
    slope = np.stack(np.gradient(gaussian_filter(frame.probability, SMOOTHING_MM / STEP_MM)), axis=-1)
    surface = frame.inside & ~binary_erosion(frame.inside)
    normals = -slope[surface]
    return np.argwhere(surface).astype(np.float64), normals / np.maximum(np.linalg.norm(normals, axis=1), 1e-6)[:, None]


def _missing(beyond: NDArray[np.float64]) -> float:
    """Share of lines that run through air, or all through one padding value; 0 without a line."""
    if beyond.size == 0:
        return 0.0
    return 1.0 if float(np.ptp(beyond)) == 0.0 else float((beyond.mean(axis=1) < NOT_TISSUE_HU).mean())
