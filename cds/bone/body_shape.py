"""What can be told of a vertebral body from its outline alone: size, symmetry.

The cross-section at mid-height is what a collapse spares, so it is by this that sizes are judged.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from cds.bone.anatomy import VertebralLevel
from cds.bone.body_frame import STEP_MM, BodyFrame
from cds.bone.reference_body import REFERENCE
from cds.bone.vertebral_height import BodyHeights

LEAST_THICKNESS_MM: Final = 3.0
CORE_SHARE: Final = 0.85


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


def symmetry(frame: BodyFrame) -> float:
    """Share of the outline, seen along its height, that has a counterpart left or right of its core.

    The core is where the outline is deepest: what leaks out of it on one side does not move the core.
    Thickness does not matter, so a collapsed body is as symmetric as it was. 0 where nothing is 3 mm thick.
    """
    seen: NDArray[np.bool_] = np.asarray(frame.inside.sum(axis=0) * STEP_MM >= LEAST_THICKNESS_MM)
    if not seen.any():
        return 0.0
    depth = distance_transform_edt(np.pad(seen, 1))[1:-1, 1:-1]
    middle = np.argwhere(depth >= CORE_SHARE * depth.max())[:, 1].mean()
    count = seen.shape[1]
    mirrored = np.rint(2 * middle - np.arange(count)).astype(int)
    exists = (mirrored >= 0) & (mirrored < count)
    image: NDArray[np.bool_] = np.zeros_like(seen)
    image[:, exists] = seen[:, mirrored[exists]]
    return float((image & seen).sum() / seen.sum())
