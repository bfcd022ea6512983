"""Label maps without their steps: masks on a finer grid, and depth under the surface of a bone in mm."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from models.digital_patient.grid import Box, Floats, Picture, ScanGrid

BLUR = 0.55
"""Standard deviation of the kernel, in voxels of the coarser grid."""
REACH_MM = 6.0
"""Depth is known this far outside a bone."""
LEVELS_OF_EDGE = (0.3, 0.55)

Mask = NDArray[np.bool_]


def finer(grid: ScanGrid, spacing_mm: float) -> ScanGrid:
    """A grid of cubic voxels over the same extent."""
    shape = tuple(round(count * step / spacing_mm) for count, step in zip(grid.shape, grid.spacing_mm, strict=True))
    edge = [first - step / 2 for first, step in zip(grid.first_lps_mm, grid.spacing_mm[::-1], strict=True)]
    x, y, z = (each + spacing_mm / 2 for each in edge)
    return ScanGrid((shape[0], shape[1], shape[2]), (spacing_mm,) * 3, (x, y, z))


def resampled(values: Picture, source: ScanGrid, target: ScanGrid) -> Picture:
    """A volume on a parallel grid, through a Gaussian that spans the coarser voxels of the two."""
    for axis in range(3):
        matrix = _weights(source.along(axis), target.along(axis), source.spacing_mm[axis], target.spacing_mm[axis])
        values = np.moveaxis(np.tensordot(values, matrix, axes=(axis, 1)), -1, axis)
    filled: Picture = np.ascontiguousarray(values)
    return filled


def _weights(source_mm: Floats, target_mm: Floats, source_step: float, target_step: float) -> Picture:
    sigma = BLUR * max(source_step, target_step)
    offset = (np.clip(target_mm, source_mm[0], source_mm[-1])[:, None] - source_mm[None]) / sigma
    weights = np.exp(-0.5 * offset**2)
    share: Picture = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    return share


def cropped(grid: ScanGrid, box: Box) -> ScanGrid:
    """The grid of a box of its voxels."""
    shape = tuple(part.stop - part.start for part in box)
    x, y, z = (grid.along(axis)[box[axis].start] for axis in (2, 1, 0))
    return ScanGrid((shape[0], shape[1], shape[2]), grid.spacing_mm, (float(x), float(y), float(z)))


@dataclass(frozen=True, slots=True)
class SmoothMask:
    """One label on the fine grid: the box around it, and the share of each voxel that it fills."""

    box: Box
    share: Picture


def smooth_mask(mask: Mask, source: ScanGrid, target: ScanGrid) -> SmoothMask:
    """A mask (not empty) of the source grid on the target grid."""
    inner = ndimage.find_objects(mask.astype(np.uint8))[0]
    reach = [REACH_MM + 2 * step for step in source.spacing_mm]
    near = _widened(inner, source, reach)
    low = [source.along(axis)[inner[axis].start] - reach[axis] for axis in (2, 1, 0)]
    high = [source.along(axis)[inner[axis].stop - 1] + reach[axis] for axis in (2, 1, 0)]
    box = target.box(low, high)
    share = resampled(mask[near].astype(np.float32), cropped(source, near), cropped(target, box))
    return SmoothMask(box, share)


def _widened(box: tuple[slice, ...], grid: ScanGrid, by_mm: list[float]) -> Box:
    found = []
    for part, count, step, reach in zip(box, grid.shape, grid.spacing_mm, by_mm, strict=True):
        more = int(np.ceil(reach / step)) + 2
        found.append(slice(max(part.start - more, 0), min(part.stop + more, count)))
    return found[0], found[1], found[2]


def solid(smooth: SmoothMask, volume_mm3: float, voxel_mm: float) -> Mask:
    """The smooth mask as voxels: its edge lies where the volume is kept, so that thin bones survive."""
    candidates = smooth.share[smooth.share > LEVELS_OF_EDGE[0]]
    count = int(volume_mm3 / voxel_mm**3)
    level = np.partition(candidates, -count)[-count] if 0 < count < len(candidates) else 0.0
    solid: Mask = smooth.share >= np.clip(level, *LEVELS_OF_EDGE)
    return solid


def depth_mm(mask: Mask, voxel_mm: float) -> Picture:
    """Signed distance from the surface, positive inside, smoothed by one voxel."""
    inside = ndimage.distance_transform_edt(mask) - 0.5
    outside = ndimage.distance_transform_edt(~mask) - 0.5
    depth: Picture = ndimage.gaussian_filter(np.where(mask, inside, -outside).astype(np.float32) * voxel_mm, 1.0)
    return depth
