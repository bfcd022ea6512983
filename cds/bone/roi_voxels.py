"""Original CT voxels picked by a field in the frame of one body, within its bounding box only."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label, map_coordinates
from scipy.spatial import cKDTree

from cds.bone.anatomy import MaskGrid
from cds.bone.body_frame import SURFACE, TIE, BodyFrame, Field, grid_points
from cds.ct.volume import CtVolume

FAR_OUTSIDE = -1000.0

VoxelIndices = NDArray[np.int32]
"""(n, 3): (slice, row, column) of the volume."""


@dataclass(frozen=True, eq=False)
class Voxels:
    """Some voxels of a CT, chosen by where their centres lie."""

    volume: CtVolume
    indices: VoxelIndices

    @property
    def cm3(self) -> float:
        """Volume of all of them."""
        return len(self.indices) * float(np.prod(self.volume.spacing_mm)) / 1000

    @property
    def slice_count(self) -> int:
        """Number of slices that hold one or more."""
        return len(np.unique(self.indices[:, 0]))

    @property
    def lps_mm(self) -> NDArray[np.float64]:
        """Centres, (n, 3)."""
        affine = self.volume.affine_lps
        points: NDArray[np.float64] = self.indices @ affine[:3, :3].T + affine[:3, 3]
        return points

    def box(self) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """The smallest box of HU around them, and which of it they are; not for an empty choice."""
        start, stop = self.indices.min(axis=0), self.indices.max(axis=0) + 1
        box = self.volume.hu[tuple(slice(a, b) for a, b in zip(start, stop, strict=True))].astype(np.float64)
        member = np.zeros(box.shape, bool)
        member[tuple((self.indices - start).T)] = True
        return box, member

    def largest_piece(self) -> "Voxels":
        """Those that hang together by faces with most of the others; none of an empty choice.

        An outline that reaches into a pedicle is deep enough there for a voxel or two, apart from the core.
        """
        if len(self.indices) == 0:
            return self
        _, member = self.box()
        pieces, count = label(member)
        if count == 1:
            return self
        own = pieces[tuple((self.indices - self.indices.min(axis=0)).T)]
        return Voxels(self.volume, self.indices[own == np.bincount(own).argmax()])

    def further_than(self, distance_mm: float, mask: MaskGrid) -> "Voxels":
        """Those that are not near anything in a mask."""
        where = self.lps_mm
        solid = np.argwhere(mask.inside >= SURFACE) @ mask.affine_lps[:3, :3].T + mask.affine_lps[:3, 3]
        if len(where) == 0 or len(solid) == 0:
            return self
        low, high = where.min(axis=0) - distance_mm, where.max(axis=0) + distance_mm
        nearby = solid[((solid >= low) & (solid <= high)).all(axis=1)]
        if len(nearby) == 0:
            return self
        found, _ = cKDTree(nearby).query(where, distance_upper_bound=distance_mm)
        return Voxels(self.volume, self.indices[np.isinf(found)])


def voxels_within(volume: CtVolume, frame: BodyFrame, clearance: Field) -> Voxels:
    """The voxels whose centre has clearance; HU are not interpolated, the field is."""
    allowed = np.argwhere(clearance >= -TIE)
    if len(allowed) == 0:
        return Voxels(volume, np.empty((0, 3), np.int32))
    to_index = volume.lps_to_index @ frame.affine_lps
    start, stop = index_box(to_index, allowed.min(axis=0) - 1, allowed.max(axis=0) + 1, volume.hu.shape)
    to_frame = np.asarray(np.linalg.inv(to_index), dtype=np.float64)
    to_frame[:3, 3] += to_frame[:3, :3] @ start
    points = grid_points(to_frame, tuple(stop - start))
    clear = map_coordinates(clearance, points, order=1, mode="constant", cval=FAR_OUTSIDE)
    return Voxels(volume, (np.argwhere(clear >= -TIE) + start).astype(np.int32))


def index_box(
    to_index: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64], shape: tuple[int, ...]
) -> tuple[NDArray[np.int_], NDArray[np.int_]]:
    """Half-open box of indices, clipped to the array, that holds a box of the other grid."""
    corners = np.stack(np.meshgrid(*zip(low, high, strict=True))).reshape(3, -1)
    reached = to_index[:3, :3] @ corners + to_index[:3, 3:]
    start = np.clip(np.floor(reached.min(axis=1)), 0, shape).astype(int)
    stop = np.clip(np.ceil(reached.max(axis=1)) + 1, start, shape).astype(int)
    return start, stop
