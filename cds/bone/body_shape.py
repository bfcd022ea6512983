"""What can be told of a vertebral body from its outline alone: size, symmetry.

The cross-section at mid-height is what a collapse spares, so it is by this that sizes are judged.
"""

import numpy as np
from numpy.typing import NDArray

from cds.bone.anatomy import Point, VertebralLevel
from cds.bone.body_frame import STEP_MM, BodyFrame
from cds.bone.reference_body import REFERENCE
from cds.bone.vertebral_height import BodyHeights


def section_cm2(frame: BodyFrame) -> float:
    """Median area of the layers in the middle half of the height; 0 for an empty frame."""
    areas = frame.inside.sum(axis=(1, 2)) * STEP_MM**2 / 100
    used = np.flatnonzero(areas)
    if len(used) == 0:
        return 0.0
    quarter = (used[-1] + 1 - used[0]) // 4
    return float(np.median(areas[used[0] + quarter : used[-1] + 1 - quarter]))


def section_factor(frame: BodyFrame, level: VertebralLevel) -> float:
    """The cross-section against that of the mean body of the level, as a factor on lengths."""
    return float(np.sqrt(section_cm2(frame) / REFERENCE[level].section_cm2))


def height_factor(height_mm: float, level: VertebralLevel) -> float:
    """A height against the mean height of the level."""
    return height_mm / REFERENCE[level].height_mm


def tallest_mm(heights: BodyHeights) -> float:
    """The largest of the three heights."""
    return max(heights.anterior, heights.middle, heights.posterior)


def symmetry(frame: BodyFrame, core_lps_mm: Point) -> float:
    """Share of the outline that has a counterpart on the other side of its core; 0 for an empty frame."""
    inside = frame.inside
    if not inside.any():
        return 0.0
    middle = np.linalg.solve(frame.affine_lps, np.array([*core_lps_mm, 1.0]))[2]
    count = inside.shape[2]
    mirrored = np.rint(2 * middle - np.arange(count)).astype(int)
    exists = (mirrored >= 0) & (mirrored < count)
    image: NDArray[np.bool_] = np.zeros_like(inside)
    image[:, :, exists] = inside[:, :, mirrored[exists]]
    return float((image & inside).sum() / inside.sum())
