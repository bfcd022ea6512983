"""What a CT and its outlines show at the points of a section."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from cds.bone.anatomy import MaskGrid
from cds.bone.body_frame import SURFACE
from cds.bone.roi_voxels import VoxelIndices
from cds.ct.volume import CtVolume
from cds.pictures.sections import Points, Section

_AIR_HU = -1024.0
_COARSE = 4
"""Every so many rows and columns are asked whether they are near an outline."""


def hu_on(section: Section, volume: CtVolume) -> NDArray[np.float32]:
    """HU, averaged over the slab; black where the CT ends."""
    layers = [
        map_coordinates(
            volume.hu, _indices(volume.lps_to_index, points), output=np.float32, order=1, mode="constant", cval=_AIR_HU
        )
        for points in section.layers()
    ]
    mean: NDArray[np.float32] = np.mean(layers, axis=0, dtype=np.float32)
    return mean


def inside_on(section: Section, mask: MaskGrid) -> NDArray[np.bool_]:
    """Which points lie within the outer surface of a soft mask."""
    within = np.zeros(section.points_mm.shape[:2], bool)
    part = _part_near(section, mask.affine_lps, mask.inside.shape)
    indices = _indices(np.linalg.inv(mask.affine_lps).astype(np.float64), section.points_mm[part])
    within[part] = map_coordinates(mask.inside, indices, order=1, mode="grid-constant", cval=0.0) >= SURFACE
    return within


def region_on(section: Section, volume: CtVolume, roi: VoxelIndices) -> NDArray[np.bool_]:
    """Which points lie in a voxel that was measured."""
    start = roi.min(axis=0)
    box = np.zeros(tuple(roi.max(axis=0) - start + 1), np.uint8)
    box[tuple((roi - start).T)] = 1
    affine = volume.affine_lps.copy()
    affine[:3, 3] += affine[:3, :3] @ start
    found = np.zeros(section.points_mm.shape[:2], bool)
    part = _part_near(section, affine, box.shape)
    indices = _indices(np.linalg.inv(affine).astype(np.float64), section.points_mm[part])
    found[part] = map_coordinates(box, indices, order=0, mode="grid-constant", cval=0) > 0
    return found


def _part_near(section: Section, affine: NDArray[np.float64], shape: tuple[int, ...]) -> tuple[slice, slice]:
    """Rows and columns of the section that reach into the box of a grid, and little more."""
    corners = np.stack(np.meshgrid(*((-1, size) for size in shape))).reshape(3, -1)
    box = affine[:3, :3] @ corners + affine[:3, 3:]
    beyond_mm = _COARSE * section.pixel_mm
    points = section.points_mm[::_COARSE, ::_COARSE]
    near = ((points >= box.min(axis=1) - beyond_mm) & (points <= box.max(axis=1) + beyond_mm)).all(axis=-1)
    return _span(near.any(axis=1)), _span(near.any(axis=0))


def _span(near: NDArray[np.bool_]) -> slice:
    found = np.flatnonzero(near) * _COARSE
    return slice(int(found[0]), int(found[-1]) + _COARSE) if len(found) else slice(0, 0)


def _indices(to_index: NDArray[np.float64], points_mm: Points) -> NDArray[np.float64]:
    """(3, rows, columns) of an array's indices."""
    x, y, z = (points_mm[..., axis] for axis in range(3))
    return np.stack([a * x + b * y + c * z + d for a, b, c, d in to_index[:3]])
