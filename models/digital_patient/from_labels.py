"""The anatomy of a real scan: its label map, and its HU where the map is silent.

What is kept are shapes only: the structure of every voxel, and for bones the depth under their surface, on a fine
grid and without the steps of the label map. Density, contrast, noise and voxels come from the request.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from models.digital_patient.grid import Box, Floats, Labels, Picture, ScanGrid
from models.digital_patient.label_bodies import body_of, canal_of
from models.digital_patient.label_frames import frames_of
from models.digital_patient.label_numbers import BONES, RIB, SOFT, VERTEBRA
from models.digital_patient.label_smoothing import Mask, depth_mm, finer, resampled, smooth_mask, solid
from models.digital_patient.soft_tissue import fill
from models.digital_patient.spine import Vertebra
from models.digital_patient.structures import LEVELS, Structure

FINE_MM = 1.25
FAR_MM = -9.0
DEPTH_STEP_MM = 0.1
"""Depth is kept on disk in steps of this, up to 12.7 mm."""
DISC_REACH_MM = 8.0
BRIDGE_MM = 7.0


@dataclass(frozen=True)
class LabelledAnatomy:
    """One real anatomy on a fine grid of cubic voxels, (slice, row, column)."""

    name: str
    grid: ScanGrid
    soft: Labels
    """`Structure` of everything but bone; under a bone what surrounds it."""
    bone: Labels
    """`Structure` of the nearest bone."""
    vertebra: Labels
    """1 + index in `structures.LEVELS` if the nearest bone is a vertebra or its rib, else 0."""
    depth_mm: Picture
    """Under the surface of the nearest bone; negative outside."""
    cut: frozenset[str]
    """Levels of which the real scan shows only a part."""

    @cached_property
    def bodies(self) -> Mask:
        """Voxels of all vertebral bodies."""
        inside: Mask = (self.bone == Structure.BODY_TRABECULAR) & (self.depth_mm > 0)
        return inside

    @cached_property
    def vertebrae(self) -> tuple[Vertebra, ...]:
        """Bodies, or the parts that are there, measured in LPS mm; cranial to caudal."""
        numbers = np.where(self.bodies, self.vertebra, 0)
        places = {}
        for number in np.unique(numbers[numbers > 0]):
            index = np.nonzero(numbers == number)
            places[int(number)] = np.stack([self.grid.along(axis)[index[axis]] for axis in (2, 1, 0)], axis=1)
        return frames_of(places)

    @property
    def pivot_lps_mm(self) -> Floats:
        """Centre of L1, or of the lowest body if there is no L1."""
        return next((each for each in self.vertebrae if each.level == "L1"), self.vertebrae[-1]).centre

    @property
    def column_mm(self) -> Floats:
        """(n, 3): middles of the bodies from the pivot, upwards."""
        column: Floats = np.array([each.centre for each in self.vertebrae[::-1]]) - self.pivot_lps_mm
        return column

    @property
    def middle_mm(self) -> Floats:
        """Middle of the source, from the pivot."""
        ends = np.array([[self.grid.along(axis)[end] for axis in (2, 1, 0)] for end in (0, -1)])
        middle: Floats = ends.mean(axis=0) - self.pivot_lps_mm
        return middle


@dataclass(frozen=True, slots=True)
class _Bone:
    """One bone on the fine grid."""

    box: Box
    depth: Picture
    structure: Labels
    number: int


def anatomy_of(name: str, hu: NDArray[np.generic], labels: Labels, grid: ScanGrid) -> LabelledAnatomy:
    """Anatomy from a scan and a label map with TotalSegmentator's numbers on the same grid.

    Axes run to superior, posterior and left. ValueError if the map shows no spinal canal: it tells bodies from arches.
    """
    fine = finer(grid, FINE_MM)
    bones, vertebra = np.zeros(fine.shape, np.uint8), np.zeros(fine.shape, np.uint8)
    depth = np.full(fine.shape, FAR_MM, np.float32)
    for each in _bones(labels, grid, fine):
        _lay(each, depth, bones, vertebra)
    picture = resampled(np.clip(hu, -1024, 3071).astype(np.float32), grid, fine)
    unnamed = fill(labels, picture, grid, fine, depth > 0)
    if unnamed.bone.any():
        more = _Bone((slice(None),) * 3, depth_mm(unnamed.bone, FINE_MM), np.array(Structure.ARM_BONE, np.uint8), 0)
        _lay(more, depth, bones, vertebra)
    depth[unnamed.metal] = FAR_MM
    _paint_discs(unnamed.soft, depth, bones, vertebra)
    return LabelledAnatomy(name, fine, unnamed.soft, bones, vertebra, depth, _cut(depth, bones, vertebra))


def _bones(labels: Labels, grid: ScanGrid, fine: ScanGrid) -> Iterator[_Bone]:
    canal = canal_of(np.isin(labels, SOFT[Structure.CANAL]), grid)
    for value in np.unique(labels):
        if value not in VERTEBRA and value not in BONES:
            continue
        mask = labels == value
        smooth = smooth_mask(mask, grid, fine)
        inside = solid(smooth, float(mask.sum() * np.prod(grid.spacing_mm)), FINE_MM)
        level = VERTEBRA.get(value, RIB.get(value))
        structure = np.array(BONES.get(value, 0), np.uint8)
        if value in VERTEBRA:
            structure = _parts(inside, body_of(inside, fine, smooth.box, canal))
        yield _Bone(smooth.box, depth_mm(inside, FINE_MM), structure, LEVELS.index(level) + 1 if level else 0)


def _parts(vertebra: Mask, body: Mask) -> Labels:
    """Body or posterior elements, whichever is nearer."""
    nearer = ndimage.distance_transform_edt(~body) <= ndimage.distance_transform_edt(body | ~vertebra)
    return np.where(nearer, Structure.BODY_TRABECULAR, Structure.POSTERIOR_ELEMENTS).astype(np.uint8)


def _lay(bone: _Bone, depth: Picture, bones: Labels, vertebra: Labels) -> None:
    """Each voxel belongs to the bone in which it lies deepest."""
    box = bone.box
    nearer = bone.depth > depth[box]
    depth[box][nearer] = bone.depth[nearer]
    bones[box][nearer] = np.broadcast_to(bone.structure, nearer.shape)[nearer]
    vertebra[box][nearer] = bone.number


def _paint_discs(soft: Labels, depth: Picture, bones: Labels, vertebra: Labels) -> None:
    """Flesh between two neighbouring bodies: near to both, and no wider than they are."""
    bodies = np.where((bones == Structure.BODY_TRABECULAR) & (depth > 0), vertebra, 0)
    boxes = ndimage.find_objects(bodies, len(LEVELS))
    for number, (above, below) in enumerate(pairwise(boxes), 1):
        if above is None or below is None:
            continue
        ends = zip(above, below, bodies.shape, strict=True)
        box = tuple(slice(max(min(a.start, b.start) - 8, 0), min(max(a.stop, b.stop) + 8, n)) for a, b, n in ends)
        two = bodies[box]
        near = [ndimage.distance_transform_edt(two != each) * FINE_MM <= DISC_REACH_MM for each in (number, number + 1)]
        grown = ndimage.distance_transform_edt((two != number) & (two != number + 1)) * FINE_MM <= BRIDGE_MM
        bridged = ndimage.distance_transform_edt(grown) * FINE_MM > BRIDGE_MM
        disc = near[0] & near[1] & bridged & np.isin(soft[box], (Structure.MUSCLE, Structure.VISCERAL_FAT))
        soft[box][disc] = Structure.DISC


def _cut(depth: Picture, bones: Labels, vertebra: Labels) -> frozenset[str]:
    """Levels whose body reaches the border of the source."""
    body = np.where((bones == Structure.BODY_TRABECULAR) & (depth > 0), vertebra, 0)
    ends = np.concatenate([body.take(end, axis).ravel() for axis in range(3) for end in (0, -1)])
    return frozenset(LEVELS[number - 1] for number in np.unique(ends[ends > 0]))


def save(anatomy: LabelledAnatomy, path: Path) -> None:
    """Keep an anatomy as one NPZ file, written whole or not at all."""
    part = path.with_suffix(f".{os.getpid()}.npz")
    np.savez_compressed(
        part,
        name=anatomy.name,
        first_lps_mm=anatomy.grid.first_lps_mm,
        spacing_mm=anatomy.grid.spacing_mm,
        soft=anatomy.soft,
        bone=anatomy.bone,
        vertebra=anatomy.vertebra,
        depth_mm=np.rint(anatomy.depth_mm / DEPTH_STEP_MM).clip(-128, 127).astype(np.int8),
        cut=sorted(anatomy.cut),
    )
    part.replace(path)


def load(path: Path) -> LabelledAnatomy:
    """Read what `save` wrote."""
    with np.load(path) as kept:
        x, y, z = kept["first_lps_mm"].tolist()
        slices, rows, columns = kept["soft"].shape
        down, back, across = kept["spacing_mm"].tolist()
        return LabelledAnatomy(
            name=str(kept["name"]),
            grid=ScanGrid((slices, rows, columns), (down, back, across), (x, y, z)),
            soft=kept["soft"],
            bone=kept["bone"],
            vertebra=kept["vertebra"],
            depth_mm=kept["depth_mm"].astype(np.float32) * np.float32(DEPTH_STEP_MM),
            cut=frozenset(kept["cut"].tolist()),
        )
