"""Where the pictures cut the patient: grids of LPS points with square pixels.

sagittal  through the middle of every vertebral body: each row at the x of the spine at its height
coronal   likewise, each row at the y of the spine
axial     the slice of the CT nearest to the middle of a measured region

Rows run from head to feet (axial: front to back). Columns run from front to back (sagittal) or from
the patient's right to the left, as radiologists look at images.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from cds.bone.anatomy import Point, VertebralBody
from cds.bone.roi_voxels import VoxelIndices
from cds.ct.volume import CtVolume
from cds.picture import SLAB_MM

ABOVE_MM: Final = 30.0
"""Shown above the topmost centre and below the lowest: the whole body and a disc."""
BEFORE_MM, BEHIND_MM, BESIDE_MM = 48.0, 42.0, 48.0
AXIAL_HALF_MM: Final = 50.0
FINEST_MM: Final = 0.5
MOST_ROWS: Final = 560
"""Of a long spine; with it a report stays under 600 kB."""

Points = NDArray[np.float64]
Across = Literal["x", "y", "z"]
_AXIS: Final = {"x": 0, "y": 1, "z": 2}


@dataclass(frozen=True, slots=True, eq=False)
class Section:
    """LPS points, axes (row, column, xyz), and through which axis the slab goes."""

    points_mm: Points
    pixel_mm: float
    across: Across
    slab_mm: float

    def layers(self) -> Sequence[Points]:
        """The same points moved through the slab, two millimetres apart."""
        if not self.slab_mm:
            return [self.points_mm]
        step = np.zeros(3)
        step[_AXIS[self.across]] = 1.0
        return [self.points_mm + step * mm for mm in np.arange(-self.slab_mm / 2, self.slab_mm / 2 + 1, 2)]


def sagittal(bodies: Sequence[VertebralBody]) -> Section:
    """The midline of the spine."""
    centres = _centres(bodies)
    z, pixel_mm = _rows(centres)
    y = np.arange(centres[:, 1].min() - BEFORE_MM, centres[:, 1].max() + BEHIND_MM, pixel_mm)
    x = np.interp(z, centres[:, 2], centres[:, 0])
    points = np.stack(np.broadcast_arrays(x[:, None], y[None, :], z[:, None]), axis=-1)
    return Section(points, pixel_mm, "x", SLAB_MM)


def coronal(bodies: Sequence[VertebralBody]) -> Section:
    """Through the middle of the bodies from side to side."""
    centres = _centres(bodies)
    z, pixel_mm = _rows(centres)
    x = np.arange(centres[:, 0].min() - BESIDE_MM, centres[:, 0].max() + BESIDE_MM, pixel_mm)
    y = np.interp(z, centres[:, 2], centres[:, 1])
    points = np.stack(np.broadcast_arrays(x[None, :], y[:, None], z[:, None]), axis=-1)
    return Section(points, pixel_mm, "y", SLAB_MM)


def axial(volume: CtVolume, roi: VoxelIndices) -> Section:
    """The slice of the CT that holds the middle of a region, as it was reconstructed."""
    middle = roi.mean(axis=0)
    middle[0] = _middle_slice(volume, roi)
    x, y, z = volume.affine_lps[:3, :3] @ middle + volume.affine_lps[:3, 3]
    along = np.arange(-AXIAL_HALF_MM, AXIAL_HALF_MM, FINEST_MM)
    columns, rows = np.meshgrid(x + along, y + along)
    return Section(np.stack((columns, rows, np.full_like(columns, z)), axis=-1), FINEST_MM, "z", 0.0)


def _middle_slice(volume: CtVolume, roi: VoxelIndices) -> int:
    """Of two that are equally near, the upper one, in whichever order they are stored."""
    slices = np.unique(roi[:, 0])
    heights = volume.slice_heights_mm[slices]
    away = np.round(np.abs(heights - volume.slice_heights_mm[roi[:, 0]].mean()), 3)
    return int(slices[np.lexsort((-heights, away))[0]])


def _centres(bodies: Sequence[VertebralBody]) -> Points:
    """(n, 3), from feet to head."""
    points: list[Point] = sorted((body.centre_lps_mm for body in bodies), key=lambda point: point[2])
    return np.array(points)


def _rows(centres: Points) -> tuple[NDArray[np.float64], float]:
    """Heights from head to feet, and the size of a pixel."""
    low, high = centres[0, 2] - ABOVE_MM, centres[-1, 2] + ABOVE_MM
    pixel_mm = max(FINEST_MM, (high - low) / MOST_ROWS)
    return np.arange(high, low, -pixel_mm), pixel_mm
