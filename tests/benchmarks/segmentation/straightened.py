"""A scan along its spine: cuts that follow the vertebral bodies, on a grid of 1 mm."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from cds.bone.anatomy import MaskGrid, Point
from cds.bone.roi import TrabecularRoi
from cds.ct.volume import CtVolume

STEP_MM = 1.0
AROUND_MM = 75.0
BEYOND_MM = 45.0
AIR_HU = -1000.0


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """Points of one picture: LPS mm (row, column, 3); rows run down the page."""

    points_lps: NDArray[np.float64]

    def hu(self, volume: CtVolume) -> NDArray[np.float64]:
        """The scan on the picture, air outside."""
        return _sampled(volume.hu, volume.affine_lps, self.points_lps, AIR_HU)

    def inside(self, mask: MaskGrid) -> NDArray[np.float64]:
        """A soft mask on the picture, 0 outside."""
        return _sampled(mask.inside, mask.affine_lps, self.points_lps, 0.0)

    def region(self, roi: TrabecularRoi, volume: CtVolume) -> NDArray[np.bool_]:
        """Whether the nearest voxel of the scan was measured."""
        index = np.rint(_index(volume.affine_lps, self.points_lps)).astype(int)
        low, high = roi.voxel_indices.min(axis=0), roi.voxel_indices.max(axis=0) + 1
        member = np.zeros(high - low, bool)
        member[tuple((roi.voxel_indices - low).T)] = True
        within = ((index >= low) & (index < high)).all(axis=-1)
        result: NDArray[np.bool_] = np.zeros(within.shape, bool)
        result[within] = member[tuple((index[within] - low).T)]
        return result

    def place_of(self, point_lps: Point) -> tuple[float, float]:
        """(row, column) of the picture's nearest point."""
        distance = np.linalg.norm(self.points_lps - np.asarray(point_lps), axis=-1)
        row, column = np.unravel_index(int(distance.argmin()), distance.shape)
        return float(row), float(column)


def sagittal(centres_lps: Sequence[Point], volume: CtVolume) -> Cut:
    """Front to the left, head up, through the middle of every body."""
    heights, x, y = _course(centres_lps, volume)
    across = np.arange(-AROUND_MM, AROUND_MM, STEP_MM)
    points = np.empty((len(heights), len(across), 3))
    points[..., 0] = x[:, None]
    points[..., 1] = float(np.mean(y)) + across
    points[..., 2] = heights[:, None]
    return Cut(points)


def coronal(centres_lps: Sequence[Point], volume: CtVolume) -> Cut:
    """Seen from the front, head up, through the middle of every body."""
    heights, x, y = _course(centres_lps, volume)
    across = np.arange(-AROUND_MM, AROUND_MM, STEP_MM)
    points = np.empty((len(heights), len(across), 3))
    points[..., 0] = float(np.mean(x)) + across
    points[..., 1] = y[:, None]
    points[..., 2] = heights[:, None]
    return Cut(points)


def axial(centre_lps: Point, half_mm: float = 45.0) -> Cut:
    """Seen from below, front up, around one point."""
    across = np.arange(-half_mm, half_mm, STEP_MM / 2)
    points = np.empty((len(across), len(across), 3))
    points[..., 0] = centre_lps[0] + across
    points[..., 1] = centre_lps[1] + across[:, None]
    points[..., 2] = centre_lps[2]
    return Cut(points)


def _course(centres_lps: Sequence[Point], volume: CtVolume) -> tuple[NDArray[np.float64], ...]:
    """Heights from cranial to caudal, and x and y of the spine at each; the scan's axis where nothing was found."""
    ends = volume.affine_lps[2, 3] + volume.affine_lps[2, 0] * np.array([0, volume.hu.shape[0] - 1])
    low, high = float(ends.min()), float(ends.max())
    if not centres_lps:
        middle = volume.affine_lps @ np.array([*((np.array(volume.hu.shape) - 1) / 2), 1.0])
        centres_lps = [(float(middle[0]), float(middle[1]), float(middle[2]))]
    else:
        low = max(low, min(c[2] for c in centres_lps) - BEYOND_MM)
        high = min(high, max(c[2] for c in centres_lps) + BEYOND_MM)
    heights = np.arange(high, low, -STEP_MM)
    ordered = sorted(centres_lps, key=lambda centre: centre[2])
    z = [centre[2] for centre in ordered]
    return heights, *(np.interp(heights, z, [centre[axis] for centre in ordered]) for axis in (0, 1))


def _index(affine_lps: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    inverse = np.linalg.inv(affine_lps)
    result: NDArray[np.float64] = points @ inverse[:3, :3].T + inverse[:3, 3]
    return result


def _sampled(
    values: NDArray[np.generic], affine_lps: NDArray[np.float64], points: NDArray[np.float64], outside: float
) -> NDArray[np.float64]:
    index = np.moveaxis(_index(affine_lps, points), -1, 0)
    result: NDArray[np.float64] = map_coordinates(
        values, index, output=np.float64, order=1, mode="constant", cval=outside
    )
    return result
