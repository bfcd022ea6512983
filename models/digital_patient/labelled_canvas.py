"""A warped real anatomy, painted on any grid."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from models.digital_patient.from_labels import LabelledAnatomy
from models.digital_patient.grid import Canvas, Floats, ScanGrid, shell_share
from models.digital_patient.label_frames import carried, unfractured
from models.digital_patient.labelled_bone import SpongyBody, roughen
from models.digital_patient.spine import Losses, Vertebra
from models.digital_patient.structures import Structure
from models.digital_patient.vertebra import CUT_CORTEX_SHARE
from models.digital_patient.warp import Warp

SLAB = 24
"""Slices painted at once: the places in the old body take memory."""
NEAR_BONE_MM = 4.0
SHELL_MM = {
    Structure.BODY_TRABECULAR: 0.5,
    Structure.POSTERIOR_ELEMENTS: 0.9,
    Structure.RIB: 0.75,
    Structure.STERNUM: 0.7,
    Structure.SACRUM: 0.7,
    Structure.HIP: 1.3,
    Structure.ARM_BONE: 1.2,
}
"""Compact bone, as thick as in the parametric patient."""


@dataclass(frozen=True, slots=True)
class Body:
    """One draw: a real anatomy, how it is warped and what is wrong with it. Places are in mm from its pivot."""

    anatomy: LabelledAnatomy
    warp: Warp
    fractures: Mapping[str, Losses] = field(default_factory=dict)
    shell: float = 1.0
    """Thickness of the shells of vertebrae, relative."""
    spongy: Mapping[str, SpongyBody] = field(default_factory=dict)
    """Spongy bone by level; even where none is named."""

    @property
    def vertebrae(self) -> tuple[Vertebra, ...]:
        """Its bodies as if none were broken; cut ones are measured by what is there."""
        return tuple(carried(each, self.warp, self.anatomy.column_mm) for each in self._in_source)

    @property
    def fractured(self) -> tuple[Vertebra, ...]:
        """Broken bodies before the warp."""
        return tuple(
            replace(each, anterior_loss=own.anterior, middle_loss=own.middle, posterior_loss=own.posterior)
            for each in self._in_source
            if (own := self.fractures.get(each.level))
        )

    def depth_at(self, places_mm: Floats) -> Floats:
        """Depth in mm under the surface of the nearest bone, at places (n, 3); fractures are not counted."""
        grid = self.anatomy.grid
        old = self.warp.old_points(places_mm, self.anatomy.column_mm) + self.anatomy.pivot_lps_mm
        index = ((old - np.array(grid.first_lps_mm)) / grid.spacing_mm[0]).T[::-1]
        depth: Floats = ndimage.map_coordinates(self.anatomy.depth_mm, index, order=1, mode="nearest", output=float)
        return depth * self.warp.size

    @property
    def _in_source(self) -> tuple[Vertebra, ...]:
        pivot = self.anatomy.pivot_lps_mm
        return tuple(replace(each, centre_lps_mm=tuple(each.centre - pivot)) for each in self.anatomy.vertebrae)


def painted(body: Body, grid: ScanGrid) -> tuple[Canvas, NDArray[np.bool_]]:
    """The body on a grid, and which voxels lie above or below all that the source shows.

    Those repeat its last slice; beside the source there is air.
    """
    canvas, beyond = Canvas.empty(grid), np.empty(grid.shape, bool)
    for start in range(0, grid.shape[0], SLAB):
        part = slice(start, min(start + SLAB, grid.shape[0]))
        x, y, z = grid.first_lps_mm
        slab = ScanGrid((part.stop - start, *grid.shape[1:]), grid.spacing_mm, (x, y, z + start * grid.spacing_mm[0]))
        mineral = None if canvas.mineral is None else canvas.mineral[part]
        one = Canvas(slab, canvas.structures[part], canvas.vertebra[part], canvas.cortex[part], mineral)
        beyond[part] = _paint(body, one)
    return canvas, beyond


def _paint(body: Body, canvas: Canvas) -> NDArray[np.bool_]:
    anatomy = body.anatomy
    first = np.array(anatomy.grid.first_lps_mm) - anatomy.pivot_lps_mm
    places = body.warp.old_places(canvas.grid, anatomy.column_mm)
    unfractured(places, body.fractured)
    index = ((places - first[:, None, None, None].astype(np.float32)) / np.float32(anatomy.grid.spacing_mm[0]))[::-1]
    nearest = np.rint(index).astype(np.int32)
    beside = np.zeros(canvas.grid.shape, bool)
    for axis in (1, 2):
        beside |= (nearest[axis] < 0) | (nearest[axis] >= anatomy.grid.shape[axis])
    beyond: NDArray[np.bool_] = (nearest[0] < 0) | (nearest[0] >= anatomy.grid.shape[0])
    for axis, count in enumerate(anatomy.grid.shape):
        np.clip(nearest[axis], 0, count - 1, out=nearest[axis])
    flat = np.ravel_multi_index(tuple(nearest), anatomy.grid.shape)
    canvas.structures[...] = anatomy.soft.ravel()[flat]
    canvas.structures[beside] = Structure.AIR
    near = (anatomy.depth_mm.ravel()[flat] > -NEAR_BONE_MM) & ~beside
    _paint_bone(body, canvas, near, index[:, near], flat[near])
    return beyond


def _paint_bone(
    body: Body, canvas: Canvas, near: NDArray[np.bool_], index: NDArray[np.float32], flat: NDArray[np.integer]
) -> None:
    """Voxels near a bone: its edge lies between the voxels of the source, its shell is thinner than one."""
    anatomy = body.anatomy
    depth = ndimage.map_coordinates(anatomy.depth_mm, index, order=1, mode="nearest") * body.warp.size
    bone, number = anatomy.bone.ravel()[flat], anatomy.vertebra.ravel()[flat]
    shells = np.array([SHELL_MM.get(structure, 0.0) for structure in sorted(Structure)])
    shells[[Structure.BODY_TRABECULAR, Structure.POSTERIOR_ELEMENTS]] *= body.shell
    share = shell_share(depth, shells[bone], canvas.grid.spacing_mm[2])
    inside, place = depth > 0, np.flatnonzero(near)
    spongy = inside & (bone == Structure.BODY_TRABECULAR)
    roughen(canvas, body.spongy, place[spongy], number[spongy], depth[spongy])
    bone[(bone == Structure.BODY_TRABECULAR) & (share > CUT_CORTEX_SHARE)] = Structure.BODY_CORTEX
    canvas.cortex.ravel()[place] = share
    canvas.structures.ravel()[place[inside]] = bone[inside]
    canvas.vertebra.ravel()[place[inside]] = number[inside]
