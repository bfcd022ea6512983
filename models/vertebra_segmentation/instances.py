"""Telling the vertebral bodies in a spine column apart."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, find_objects, label

from models.vertebra_segmentation.column import SpineColumn
from models.vertebra_segmentation.grid import Affine, Array, shifted, to_lps

CORE_LEVELS = (0.5, 0.7, 0.85, 0.93, 0.97)
"""Bodies that touch at one core probability come apart at a higher one."""

SMALLEST_CORE_ML = 0.5
NEAREST_CORES_MM = 12.0
"""Pieces of core nearer to each other than this along the spine belong to one body."""

SMALLEST_BODY_ML = 3.0
REACH_MM = 9.0
"""A body voxel lies within this distance of its own core."""


MARGIN_MM = 9.0
"""Room around each body in its crop."""


@dataclass(frozen=True, slots=True, eq=False)
class Instance:
    """One body, not yet named: probabilities on a crop of the column."""

    inside: Array
    affine_lps: Affine
    core_lps: NDArray[np.float64]
    """Core voxels (point, 3)."""
    centre_lps: NDArray[np.float64]
    volume_ml: float
    is_cut: bool


def separate_bodies(column: SpineColumn) -> list[Instance]:
    """Bodies from cranial to caudal."""
    column = _around_cores(column)
    voxel_ml = float(abs(np.linalg.det(column.affine_lps[:3, :3]))) / 1000
    spacing = np.linalg.norm(column.affine_lps[:3, :3], axis=0)
    cores = _cores(column.of("body_core"), voxel_ml, float(spacing[0]))
    if not cores:
        return []
    markers = np.zeros(column.probabilities.shape[1:], np.int32)
    for number, core in enumerate(cores, start=1):
        markers[tuple(core.T)] = number
    distance, nearest = distance_transform_edt(markers == 0, sampling=spacing, return_indices=True)
    owner = np.where(distance <= REACH_MM, markers[tuple(nearest)], 0)
    body = column.of("body_rim", "body_core")
    boxes = find_objects(owner)
    instances = [
        _instance(column, body, owner == number, boxes[number - 1], core) for number, core in enumerate(cores, start=1)
    ]
    whole = [i for i in instances if i is not None and i.volume_ml >= SMALLEST_BODY_ML]
    return sorted(whole, key=lambda i: -i.centre_lps[2])


def _around_cores(column: SpineColumn) -> SpineColumn:
    """The column without the rows and columns that no body reaches: its distances take long to compute."""
    core = column.of("body_core") > CORE_LEVELS[0]
    start, stop = [0], [core.shape[0]]
    for axis, spacing_mm in zip((1, 2), np.linalg.norm(column.affine_lps[:3, 1:3], axis=0), strict=True):
        reach = int(np.ceil(REACH_MM / spacing_mm))
        used = np.flatnonzero(core.any(axis=(0, 3 - axis)))
        start.append(max(0, int(used[0]) - reach) if len(used) else 0)
        stop.append(int(used[-1]) + 1 + reach if len(used) else core.shape[axis])
    return column.cropped(start, stop)


def _cores(core: Array, voxel_ml: float, slice_mm: float) -> list[NDArray[np.intp]]:
    """Voxel indices (point, 3) of each core: components, split where a higher probability splits them."""
    smallest = SMALLEST_CORE_ML / voxel_ml

    def pieces(core: Array, mask: NDArray[np.bool_], higher: Sequence[float]) -> list[NDArray[np.intp]]:
        components, _ = label(mask)
        found = []
        for number, box in enumerate(find_objects(components), start=1):
            own = components[box] == number
            if own.sum() < smallest:
                continue
            offset = np.array([s.start for s in box])
            parts = pieces(core[box], own & (core[box] > higher[0]), higher[1:]) if higher else []
            if len(parts) > 1 and _apart(parts, slice_mm):
                found += [part + offset for part in parts]
            else:
                found.append(np.argwhere(own) + offset)
        return found

    return pieces(core, core > CORE_LEVELS[0], CORE_LEVELS[1:])


def _apart(parts: list[NDArray[np.intp]], slice_mm: float) -> bool:
    heights = np.sort([p[:, 0].mean() for p in parts]) * slice_mm
    return bool(np.diff(heights).min() >= NEAREST_CORES_MM)


def _instance(
    column: SpineColumn,
    body: Array,
    owned: NDArray[np.bool_],
    box: tuple[slice, ...],
    core: NDArray[np.intp],
) -> Instance | None:
    """The body around one core; None where it is empty, or goes on beyond the column but not beyond the scan."""
    inside = np.where(owned[box], body[box], 0).astype(np.float32)
    filled = np.argwhere(inside > 0.5)
    if len(filled) == 0:
        return None
    start = np.array([s.start for s in box])
    low, high = filled.min(axis=0) + start, filled.max(axis=0) + start
    first, last = column.scan_box
    is_cut = bool(np.any(low - 1 < first) or np.any(high + 1 > last))
    at_column_end = low[0] == 0 or high[0] == body.shape[0] - 1
    if at_column_end and not is_cut:
        return None
    spacing = np.linalg.norm(column.affine_lps[:3, :3], axis=0)
    margin = np.ceil(MARGIN_MM / spacing).astype(int)
    return Instance(
        inside=np.pad(inside, [(m, m) for m in margin]),
        affine_lps=shifted(column.affine_lps, (start - margin).astype(float)),
        core_lps=to_lps(column.affine_lps, core.astype(float)),
        centre_lps=to_lps(column.affine_lps, filled.mean(axis=0) + start),
        volume_ml=len(filled) * float(np.prod(spacing)) / 1000,
        is_cut=is_cut,
    )
