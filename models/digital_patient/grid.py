"""The voxel grid of a scan, and the canvas on which anatomy is painted."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from models.digital_patient.structures import Structure
from models.digital_patient.unevenness import Unevenness

Floats = NDArray[np.float64]
Picture = NDArray[np.float32]
Labels = NDArray[np.uint8]
Box = tuple[slice, slice, slice]
Places = tuple[Picture, Picture, Picture]
Turn = tuple[tuple[float, float, float], ...]


@dataclass(frozen=True, slots=True)
class ScanGrid:
    """Voxels along (slice, row, column), which run to superior, posterior and left of the scanner."""

    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    first_lps_mm: tuple[float, float, float]
    """Centre of voxel (0, 0, 0) as (x, y, z)."""
    turn: Turn | None = None
    """(3, 3) from the scanner's LPS to the patient's own, about their common origin; None if they agree."""

    @property
    def affine_lps(self) -> Floats:
        """(4, 4): index (slice, row, column, 1) to LPS mm of the scanner."""
        affine = np.eye(4)
        affine[:3, :3] = np.fliplr(np.diag(self.spacing_mm[::-1]))
        affine[:3, 3] = self.first_lps_mm
        return affine

    def along(self, axis: int) -> Floats:
        """LPS coordinates of the voxel centres: z along axis 0, y along 1, x along 2."""
        along: Floats = self.first_lps_mm[2 - axis] + self.spacing_mm[axis] * np.arange(self.shape[axis], dtype=float)
        return along

    def in_scanner(self, place: Floats) -> Floats:
        """LPS of the scanner for places (..., 3) in the patient's own."""
        moved: Floats = place if self.turn is None else place @ np.array(self.turn)
        return moved

    def box(self, low_lps: Sequence[float] | Floats, high_lps: Sequence[float] | Floats) -> Box:
        """Indices of the voxels between two corners in the patient's LPS; empty slices where the box is outside."""
        low, high = np.asarray(low_lps, float), np.asarray(high_lps, float)
        if self.turn is not None:
            middle, half = self.in_scanner((low + high) / 2), (high - low) / 2
            reach = np.abs(np.array(self.turn)).T @ half
            low, high = middle - reach, middle + reach
        return _box(self, low.tolist(), high.tolist())

    def refined(self, along_slice: int) -> "ScanGrid":
        """The same extent with every slice cut into that many."""
        step = self.spacing_mm[0] / along_slice
        x, y, z = self.first_lps_mm
        return replace(
            self,
            shape=(self.shape[0] * along_slice, *self.shape[1:]),
            spacing_mm=(step, *self.spacing_mm[1:]),
            first_lps_mm=(x, y, z - (along_slice - 1) / 2 * step),
        )


def _box(grid: ScanGrid, low_lps: Sequence[float], high_lps: Sequence[float]) -> Box:
    found = []
    for axis in range(3):
        first, step, count = grid.first_lps_mm[2 - axis], grid.spacing_mm[axis], grid.shape[axis]
        start = min(max(int(-((first - low_lps[2 - axis]) // step)), 0), count)
        stop = min(max(int((high_lps[2 - axis] - first) // step) + 1, start), count)
        found.append(slice(start, stop))
    return found[0], found[1], found[2]


BONE_ROUGH_MM = 0.35
"""SD of the surface of ribs and other long bones."""


def is_empty(box: Box) -> bool:
    """Whether a box holds no voxel."""
    return any(part.stop <= part.start for part in box)


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
    mineral: NDArray[np.float16] | None = None
    """mg/cm3 K2HPO4 more (or less) than the structure's material has."""
    uneven: Unevenness | None = None
    """What makes surfaces and spongy bone irregular; None paints them smooth."""

    @classmethod
    def empty(cls, grid: ScanGrid, uneven: Unevenness | None = None) -> Self:
        """Air everywhere."""
        labels, shares = (np.uint8, np.uint8), (np.float16, np.float16)
        structures, vertebra, cortex, mineral = (np.zeros(grid.shape, kind) for kind in (*labels, *shares))
        return cls(grid, structures, vertebra, cortex, mineral, uneven)

    def places(self, box: Box) -> Places:
        """x, y and z in the patient's LPS of the voxels of a box; they broadcast over (slice, row, column)."""
        z, y, x = (self.grid.along(axis)[box[axis]].astype(np.float32) for axis in range(3))
        x, y, z = x[None, None, :], y[None, :, None], z[:, None, None]
        if self.grid.turn is None:
            return x, y, z
        first, second, third = ((a * x + b * y) + c * z for a, b, c in self.grid.turn)
        return first, second, third

    def bumps(self, places: Places, size_mm: float) -> Picture | float:
        """Unevenness of a surface in mm at some places, with that SD."""
        return 0.0 if self.uneven is None or not size_mm else self.uneven.relief.at(places) * np.float32(size_mm)

    def grains(self, places: Places, size_mm: float) -> Picture | float:
        """The same with much smaller bumps."""
        return 0.0 if self.uneven is None else self.uneven.grain.at(places) * np.float32(size_mm)

    def fill(self, box: Box, inside: NDArray[np.bool_], what: Structure, over: Collection[Structure] = ()) -> None:
        """Paint voxels of a box, only where one of `over` is now (everywhere if none is named)."""
        now = self.structures[box]
        if over:
            allowed = np.zeros(256, bool)
            allowed[[int(each) for each in over]] = True
            inside = inside & allowed[now]
        now[inside] = what

    def ellipsoid(
        self,
        centre: Floats,
        radii: Sequence[float] | Floats,
        what: Structure,
        over: Collection[Structure],
        rough: float = 0.0,
    ) -> None:
        """Paint an ellipsoid with axes along x, y, z; `rough` is the SD of its radius, relative."""
        half = np.asarray(radii, float)
        reach = half * (1 + 3 * rough)
        box = self.grid.box(centre - reach, centre + reach)
        if is_empty(box):
            return
        places = self.places(box)
        radius2 = sum(
            ((place - float(middle)) / float(own)) ** 2 for place, middle, own in zip(places, centre, half, strict=True)
        )
        limit = (1 + self.bumps(places, rough)) ** 2
        self.fill(box, np.asarray(radius2 < limit), what, over)

    def tube(
        self,
        points: Floats,
        radius_mm: float | Floats,
        what: Structure,
        over: Collection[Structure] = (),
        rough_mm: float = 0.0,
    ) -> None:
        """Paint a solid tube along points (n, 3), one radius for all or one each."""
        for box, depth in self.along(points, radius_mm, 1.0):
            surface = self.bumps(self.places(box), rough_mm) if rough_mm else 0.0
            self.fill(box, np.asarray(depth + surface > 0), what, over)

    def bone_tube(  # noqa: PLR0913 - a bone has this many sizes
        self, points: Floats, radius_mm: float, what: Structure, *, shell_mm: float, flat: float = 1.0, number: int = 0
    ) -> None:
        """Paint a bone along points (n, 3) with a compact shell; `flat` > 1 makes it taller than wide."""
        self.bone([(points, radius_mm)], what, shell_mm=shell_mm, flat=flat, number=number)

    def bone(
        self,
        lines: Sequence[tuple[Floats, float | Floats]],
        what: Structure,
        *,
        shell_mm: float,
        flat: float = 1.0,
        number: int = 0,
    ) -> None:
        """Paint one bone made of several tubes (points, radius or radii): one shell around all of them."""
        parts = [part for points, radius_mm in lines for part in self.along(points, radius_mm, flat)]
        if not parts:
            return
        low = [min(box[axis].start for box, _ in parts) for axis in range(3)]
        high = [max(box[axis].stop for box, _ in parts) for axis in range(3)]
        depth = np.full([b - a for a, b in zip(low, high, strict=True)], -99.0, np.float32)
        for box, own in parts:
            place = tuple(slice(part.start - a, part.stop - a) for part, a in zip(box, low, strict=True))
            depth[place] = np.maximum(depth[place], own)
        whole = (slice(low[0], high[0]), slice(low[1], high[1]), slice(low[2], high[2]))
        self.lay(whole, depth, what, shell_mm=shell_mm, number=number)

    def lay(  # noqa: PLR0913 - as a bone
        self,
        box: Box,
        depth_mm: Picture,
        what: Structure,
        *,
        shell_mm: float,
        number: int = 0,
        rough_mm: float = BONE_ROUGH_MM,
    ) -> None:
        """Paint a bone by the depth of each voxel of a box under its surface, which is roughened."""
        voxel = self.grid.spacing_mm[2]
        near = np.nonzero(depth_mm > -voxel - 3 * rough_mm)
        depth = depth_mm[near] + self.bumps(self._places_of(box, near), rough_mm)
        index = tuple(each + part.start for each, part in zip(near, box, strict=True))
        inside = depth > 0
        own = tuple(each[inside] for each in index)
        self.structures[own] = what
        self.vertebra[own] = number
        if self.mineral is not None:
            self.mineral[own] = 0
        share = shell_share(depth, shell_mm, voxel)
        self.cortex[index] = np.where(inside, share, np.maximum(self.cortex[index], share))

    def _places_of(self, box: Box, chosen: tuple[NDArray[np.intp], ...]) -> Places:
        """x, y and z of some voxels of a box."""
        z, y, x = (self.grid.along(axis).astype(np.float32)[box[axis]][chosen[axis]] for axis in range(3))
        if self.grid.turn is None:
            return x, y, z
        first, second, third = ((a * x + b * y) + c * z for a, b, c in self.grid.turn)
        return first, second, third

    def along(self, points: Floats, radius_mm: float | Floats, flat: float) -> Iterator[tuple[Box, Picture]]:
        """Boxes around each piece of a tube, and the depth of their voxels under its surface."""
        radii = np.broadcast_to(np.asarray(radius_mm, float), (len(points),))
        tall = np.array([1, 1, flat])
        for start, stop, one, other in zip(points[:-1], points[1:], radii[:-1], radii[1:], strict=True):
            reach = (max(one, other) + self.grid.spacing_mm[2]) * tall
            box = self.grid.box(np.minimum(start, stop) - reach, np.maximum(start, stop) + reach)
            if not is_empty(box):
                distance, share = to_segment(self.places(box), start, stop, flat)
                yield box, float(one) + share * float(other - one) - distance


def shifted(places: Floats, left: float, back: float, up: float) -> Floats:
    """LPS places moved by that many mm."""
    moved: Floats = places + np.array([left, back, up])
    return moved


def to_segment(places: Places, start: Floats, stop: Floats, flat: float = 1.0) -> tuple[Picture, Picture]:
    """Distance in mm to a segment, and the nearest place on it from 0 to 1; heights count 1 / `flat`."""
    scale = (1.0, 1.0, 1.0 / flat)
    begin, along = [float(each) for each in start], [float(each) for each in (stop - start) * scale]
    x, y, z = ((place - first) * each for place, first, each in zip(places, begin, scale, strict=True))
    length2 = max(along[0] ** 2 + along[1] ** 2 + along[2] ** 2, 1e-9)
    share = np.clip((x * (along[0] / length2) + y * (along[1] / length2)) + z * (along[2] / length2), 0, 1)
    distance = np.sqrt((x - share * along[0]) ** 2 + (y - share * along[1]) ** 2 + (z - share * along[2]) ** 2)
    return distance, share


def shell_share(depth_mm: Floats | Picture, shell_mm: float, voxel_mm: float) -> Picture:
    """Share of a voxel at a depth under the surface that lies in a shell of the given thickness."""
    half = voxel_mm / 2
    overlap = np.minimum(depth_mm + half, shell_mm) - np.maximum(depth_mm - half, 0)
    share: Picture = np.clip(overlap / voxel_mm, 0, 1, dtype=np.float32)
    return share
