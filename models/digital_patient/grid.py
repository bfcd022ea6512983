"""The voxel grid of a scan, and the canvas on which anatomy is painted."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from models.digital_patient.structures import Structure

Floats = NDArray[np.float64]
Picture = NDArray[np.float32]
Labels = NDArray[np.uint8]
Box = tuple[slice, slice, slice]


@dataclass(frozen=True, slots=True)
class ScanGrid:
    """Voxels along (slice, row, column), which run to superior, posterior and left."""

    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    first_lps_mm: tuple[float, float, float]
    """Centre of voxel (0, 0, 0) as (x, y, z)."""

    @property
    def affine_lps(self) -> Floats:
        """(4, 4): index (slice, row, column, 1) to LPS mm."""
        affine = np.eye(4)
        affine[:3, :3] = np.fliplr(np.diag(self.spacing_mm[::-1]))
        affine[:3, 3] = self.first_lps_mm
        return affine

    def along(self, axis: int) -> Floats:
        """LPS coordinates of the voxel centres: z along axis 0, y along 1, x along 2."""
        along: Floats = self.first_lps_mm[2 - axis] + self.spacing_mm[axis] * np.arange(self.shape[axis], dtype=float)
        return along

    def box(self, low_lps: Sequence[float], high_lps: Sequence[float]) -> Box:
        """Indices of the voxels between two corners; empty slices where the box is outside."""
        return _box(self, low_lps, high_lps)

    def refined(self, along_slice: int) -> "ScanGrid":
        """The same extent with every slice cut into that many."""
        step = self.spacing_mm[0] / along_slice
        x, y, z = self.first_lps_mm
        return ScanGrid(
            (self.shape[0] * along_slice, *self.shape[1:]),
            (step, *self.spacing_mm[1:]),
            (x, y, z - (along_slice - 1) / 2 * step),
        )


def _box(grid: ScanGrid, low_lps: Sequence[float], high_lps: Sequence[float]) -> Box:
    found = []
    for axis in range(3):
        first, step, count = grid.first_lps_mm[2 - axis], grid.spacing_mm[axis], grid.shape[axis]
        start = int(np.clip(np.ceil((low_lps[2 - axis] - first) / step), 0, count))
        stop = int(np.clip(np.floor((high_lps[2 - axis] - first) / step) + 1, start, count))
        found.append(slice(start, stop))
    return found[0], found[1], found[2]


@dataclass(frozen=True, slots=True)
class Canvas:
    """The anatomy as voxels: what, of which vertebra, and how much cortical bone."""

    grid: ScanGrid
    structures: NDArray[np.uint8]
    """Values of `Structure`."""
    vertebra: NDArray[np.uint8]
    """1 + index in `structures.LEVELS` for bone of a vertebra and for its ribs, else 0."""
    cortex: NDArray[np.float16]
    """Share of the voxel that is compact bone, 0 to 1: a shell is thinner than a voxel."""

    @classmethod
    def empty(cls, grid: ScanGrid) -> Self:
        """Air everywhere."""
        return cls(
            grid, np.zeros(grid.shape, np.uint8), np.zeros(grid.shape, np.uint8), np.zeros(grid.shape, np.float16)
        )

    def places(self, box: Box) -> tuple[Floats, Floats, Floats]:
        """x, y and z of the voxels of a box, shaped to broadcast over (slice, row, column)."""
        z, y, x = (self.grid.along(axis)[box[axis]] for axis in range(3))
        return x[None, None, :], y[None, :, None], z[:, None, None]

    def fill(self, box: Box, inside: NDArray[np.bool_], what: Structure, over: Collection[Structure] = ()) -> None:
        """Paint voxels of a box, only where one of `over` is now (everywhere if none is named)."""
        now = self.structures[box]
        now[inside if not over else inside & np.isin(now, [int(each) for each in over])] = what

    def ellipsoid(
        self, centre: Floats, radii: Sequence[float] | Floats, what: Structure, over: Collection[Structure]
    ) -> None:
        """Paint an ellipsoid with axes along x, y, z."""
        half = np.asarray(radii)
        box = self.grid.box(centre - half, centre + half)
        x, y, z = self.places(box)
        inside = ((x - centre[0]) / half[0]) ** 2 + ((y - centre[1]) / half[1]) ** 2 + (
            (z - centre[2]) / half[2]
        ) ** 2 < 1
        self.fill(box, inside, what, over)

    def tube(
        self, points: Floats, radius_mm: float | Floats, what: Structure, over: Collection[Structure] = ()
    ) -> None:
        """Paint a solid tube along points (n, 3), one radius for all or one each."""
        for box, depth in self._along(points, radius_mm, 1.0):
            self.fill(box, depth > 0, what, over)

    def bone_tube(  # noqa: PLR0913 - a bone has this many sizes
        self, points: Floats, radius_mm: float, what: Structure, *, shell_mm: float, flat: float = 1.0, number: int = 0
    ) -> None:
        """Paint a bone along points (n, 3) with a compact shell; `flat` > 1 makes it taller than wide."""
        self.bone([(points, radius_mm)], what, shell_mm=shell_mm, flat=flat, number=number)

    def bone(
        self,
        lines: Sequence[tuple[Floats, float]],
        what: Structure,
        *,
        shell_mm: float,
        flat: float = 1.0,
        number: int = 0,
    ) -> None:
        """Paint one bone made of several tubes (points, radius): one shell around all of them."""
        parts = [part for points, radius_mm in lines for part in self._along(points, radius_mm, flat)]
        if not parts:
            return
        low = [min(box[axis].start for box, _ in parts) for axis in range(3)]
        high = [max(box[axis].stop for box, _ in parts) for axis in range(3)]
        depth = np.full([b - a for a, b in zip(low, high, strict=True)], -99.0)
        for box, own in parts:
            place = tuple(slice(part.start - a, part.stop - a) for part, a in zip(box, low, strict=True))
            depth[place] = np.maximum(depth[place], own)
        whole = (slice(low[0], high[0]), slice(low[1], high[1]), slice(low[2], high[2]))
        inside = depth > 0
        self.structures[whole][inside] = what
        self.vertebra[whole][inside] = number
        share = shell_share(depth, shell_mm, self.grid.spacing_mm[2])
        self.cortex[whole] = np.where(inside, share, np.maximum(self.cortex[whole], share))

    def _along(self, points: Floats, radius_mm: float | Floats, flat: float) -> list[tuple[Box, Floats]]:
        radii = np.broadcast_to(np.asarray(radius_mm, float), (len(points),))
        found = []
        for start, stop, radius in zip(points[:-1], points[1:], (radii[:-1] + radii[1:]) / 2, strict=True):
            reach = (radius + self.grid.spacing_mm[2]) * np.array([1, 1, flat])
            box = self.grid.box(np.minimum(start, stop) - reach, np.maximum(start, stop) + reach)
            if all(part.stop > part.start for part in box):
                found.append((box, radius - segment_distance(self.places(box), start, stop, flat)))
        return found


def shifted(places: Floats, left: float, back: float, up: float) -> Floats:
    """LPS places moved by that many mm."""
    moved: Floats = places + np.array([left, back, up])
    return moved


def segment_distance(places: tuple[Floats, Floats, Floats], start: Floats, stop: Floats, flat: float = 1.0) -> Floats:
    """Distance in mm to a segment; heights count 1 / `flat`."""
    scale = np.array([1, 1, 1 / flat])
    offsets = [(place - begin) * each for place, begin, each in zip(places, start, scale, strict=True)]
    along = (stop - start) * scale
    length2 = max(float(along @ along), 1e-9)
    share = np.clip(sum(offset * part for offset, part in zip(offsets, along, strict=True)) / length2, 0, 1)
    distance: Floats = np.sqrt(sum((offset - share * part) ** 2 for offset, part in zip(offsets, along, strict=True)))
    return distance


def shell_share(depth_mm: Floats, shell_mm: float | Floats, voxel_mm: float) -> Floats:
    """Share of a voxel at a depth under the surface that lies in a shell of the given thickness."""
    overlap = np.minimum(depth_mm + voxel_mm / 2, shell_mm) - np.maximum(depth_mm - voxel_mm / 2, 0)
    share: Floats = np.clip(overlap / voxel_mm, 0, 1)
    return share
