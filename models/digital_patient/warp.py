"""Another body from the same one: turned, scaled, bent and locally deformed.

A warp leads from places in the new body to places in the old one, in LPS mm from a pivot. It bends like a
column: what lies beside the spine turns with it.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import interpolate, ndimage

from models.digital_patient.grid import Floats, Picture, ScanGrid

LATTICE_MM = 8.0
BEND_NODES_MM = 85.0
LOCAL_NODES_MM = 70.0
EXTENT_MM = 700.0
INVERSION_STEPS = 15
SHARPEST_PER_MM = 0.006
"""Curvature that a bend may add: more would fold what lies inside of it."""
REACH_MM = 80.0
"""Beyond this distance from the column a bend moves things up or down no further."""


@dataclass(frozen=True, slots=True)
class Variation:
    """Standard deviations of what a warp draws."""

    size: float = 0.07
    axis_size: float = 0.035
    turn_deg: float = 5.0
    bend_mm: float = 8.0
    """Sideways and forward, at knots along the column."""
    local_mm: float = 3.0


NO_VARIATION = Variation(0.0, 0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Warp:
    """One draw."""

    matrix: Floats
    """(3, 3): from new offsets (x, y, z) to old ones, before bending."""
    bend_mm: Floats
    """(knots, 2): x and y of the column at knots along z."""
    local_mm: NDArray[np.float32]
    """(3, nodes, nodes, nodes): x, y, z at nodes (slice, row, column)."""

    @property
    def size(self) -> float:
        """How many times larger the new body is in each direction, on average."""
        return float(np.linalg.det(self.matrix) ** (-1 / 3))

    def old_places(self, grid: ScanGrid, column_mm: Floats) -> Picture:
        """Places in the old body of every voxel of the new one: x, y, z on the first axis, then the grid's.

        `column_mm` (n, 3): middles of the old bodies, upwards. All places are in mm from the pivot.
        """
        coarse = _lattice(grid)
        z, y, x = np.meshgrid(*(coarse.along(axis) for axis in range(3)), indexing="ij")
        old = self._old(np.stack([x, y, z]), column_mm)
        return np.stack([_filled(each.astype(np.float32), coarse, grid) for each in old])

    def old_points(self, new_mm: Floats, column_mm: Floats) -> Floats:
        """Where points (n, 3) of the new body were in the old one."""
        return self._old(new_mm.T, column_mm).T

    def new_points(self, old_mm: Floats, column_mm: Floats) -> Floats:
        """Where points (n, 3) of the old body come to lie in the new one."""
        back = np.linalg.inv(self.matrix)
        new = old_mm @ back.T
        for _ in range(INVERSION_STEPS):
            new = new + (old_mm - self.old_points(new, column_mm)) @ back.T
        return new

    def _old(self, new: Floats, column_mm: Floats) -> Floats:
        old = np.einsum("ab,b...->a...", self.matrix, new)
        return self._bent(old + self._local(old), column_mm)

    def _bent(self, old: Floats, column_mm: Floats) -> Floats:
        curve, ends = _curve(self.bend_mm), _knots_mm(len(self.bend_mm))
        height = np.clip(old[2], ends[0], ends[-1])
        shift, slope = np.moveaxis(curve(height), -1, 0), np.moveaxis(curve(height, 1), -1, 0)
        beside = [old[axis] + shift[axis] - np.interp(old[2], column_mm[:, 2], column_mm[:, axis]) for axis in range(2)]
        lift = sum(slope[axis] * REACH_MM * np.tanh(beside[axis] / REACH_MM) for axis in range(2))
        return np.stack([old[0] + shift[0], old[1] + shift[1], old[2] - lift])

    def _local(self, old: Floats) -> Floats:
        nodes = self.local_mm.shape[1]
        index = np.stack([old[2], old[1], old[0]]) / LOCAL_NODES_MM + (nodes - 1) / 2
        return np.stack([ndimage.map_coordinates(each, index, order=3, mode="nearest") for each in self.local_mm])


def draw_warp(rng: np.random.Generator, variation: Variation) -> Warp:
    """A random warp; every draw is made whatever the variation."""
    size = np.clip(1 + variation.size * rng.normal(), 0.84, 1.14)
    axes = np.clip(1 + variation.axis_size * rng.normal(size=3), 0.93, 1.07)
    turns = np.radians(variation.turn_deg) * np.clip(rng.normal(size=3), -2.5, 2.5)
    knots, nodes = int(EXTENT_MM / BEND_NODES_MM) + 1, int(EXTENT_MM / LOCAL_NODES_MM) + 1
    bend: Floats = variation.bend_mm * np.clip(rng.normal(size=(knots, 2)), -2.5, 2.5)
    curvature = _curve(bend).derivative(2)(_knots_mm(knots))
    bend = bend * min(1.0, SHARPEST_PER_MM / max(float(np.linalg.norm(curvature, axis=1).max()), 1e-9))
    local = variation.local_mm * rng.standard_normal((3, nodes, nodes, nodes), np.float32)
    return Warp(_rotation(turns) / (size * axes), bend, np.asarray(local, np.float32))


def _knots_mm(count: int) -> Floats:
    knots: Floats = (np.arange(count, dtype=float) - (count - 1) / 2) * BEND_NODES_MM
    return knots


def _curve(bend_mm: Floats) -> interpolate.CubicSpline:
    return interpolate.CubicSpline(_knots_mm(len(bend_mm)), bend_mm, bc_type="natural")


def _rotation(turns: Floats) -> Floats:
    matrix = np.eye(3)
    for axis, turn in enumerate(turns):
        one, other = [each for each in range(3) if each != axis]
        step = np.eye(3)
        step[one, one] = step[other, other] = np.cos(turn)
        step[one, other], step[other, one] = -np.sin(turn), np.sin(turn)
        matrix = matrix @ step
    return matrix


def _lattice(grid: ScanGrid) -> ScanGrid:
    """Few enough points to compute a warp on: it is smooth between them."""
    extent = [(count - 1) * step for count, step in zip(grid.shape, grid.spacing_mm, strict=True)]
    shape = tuple(max(2, int(np.ceil(each / LATTICE_MM)) + 1) for each in extent)
    spacing = tuple(max(each, 1e-3) / (count - 1) for each, count in zip(extent, shape, strict=True))
    return ScanGrid((shape[0], shape[1], shape[2]), (spacing[0], spacing[1], spacing[2]), grid.first_lps_mm)


def _filled(values: Picture, coarse: ScanGrid, grid: ScanGrid) -> Picture:
    """Linear interpolation from the lattice."""
    for axis in range(3):
        place = (grid.along(axis) - coarse.along(axis)[0]) / coarse.spacing_mm[axis]
        matrix = np.clip(1 - np.abs(place[:, None] - np.arange(coarse.shape[axis])[None]), 0, None).astype(np.float32)
        values = np.moveaxis(np.tensordot(values, matrix, axes=(axis, 1)), -1, axis)
    return np.ascontiguousarray(values)
