"""Spongy bone of warped real bodies: as uneven as in parametric patients."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.digital_patient.grid import Canvas, Floats
from models.digital_patient.spine import Vertebra
from models.digital_patient.structures import LEVELS
from models.digital_patient.trabecular import LATTICE_MM, Inside, Lesion, UnevenBody, draw_spongiosa
from models.digital_patient.unevenness import unevenness
from models.digital_patient.vertebra import local

DepthAt = Callable[[Floats], Floats]
"""Depth in mm under the surface of the bone at places (n, 3) of the warped body."""


@dataclass(frozen=True, slots=True)
class SpongyBody:
    """One body, and the points over which its density is the mean."""

    uneven: UnevenBody
    core: Inside


def spongy_bodies(
    rng: np.random.Generator,
    column: Sequence[Vertebra],
    lesions: Mapping[str, tuple[Lesion, ...]],
    vbmd_mg_cm3: Mapping[str, float],
    depth_at: DepthAt,
) -> dict[str, SpongyBody]:
    """One for each body, by level."""
    grain = unevenness(int(rng.integers(2**31))).grain
    spongiosa = draw_spongiosa(rng, [lesions.get(level, ()) for level in LEVELS])
    return {
        each.level: SpongyBody(
            UnevenBody(each, spongiosa[LEVELS.index(each.level)], vbmd_mg_cm3[each.level], grain),
            _core(each, depth_at),
        )
        for each in column
    }


def roughen(
    canvas: Canvas, bodies: Mapping[str, SpongyBody], place: NDArray[np.intp], number: NDArray[np.uint8], depth: Floats
) -> None:
    """Write the unevenness of the voxels at flat indices `place`, which are body voxels of a numbered vertebra."""
    if canvas.mineral is None:
        return
    for own in np.unique(number):
        body = bodies.get(LEVELS[own - 1])
        if body is None:
            continue
        chosen = number == own
        index = np.unravel_index(place[chosen], canvas.grid.shape)
        xyz = np.stack([canvas.grid.along(axis)[index[axis]] for axis in (2, 1, 0)], axis=1)
        inside = _inside(body.uneven.vertebra, xyz, depth[chosen])
        canvas.mineral.ravel()[place[chosen]] = body.uneven.mineral(inside, body.core)


def _core(vertebra: Vertebra, depth_at: DepthAt) -> Inside:
    """The standard core on a lattice, by the real shape of the body."""
    halves = np.array([vertebra.width_mm, vertebra.depth_mm, vertebra.height_mm]) / 2
    lattice = np.meshgrid(*(np.arange(-half, half, LATTICE_MM) for half in halves), indexing="ij")
    xyz = np.stack([each.ravel() for each in lattice], axis=1) @ np.array(vertebra.axes) + vertebra.centre
    points = _inside(vertebra, xyz, depth_at(xyz))
    return points.of(points.in_core & (points.back < vertebra.depth_mm / 6))


def _inside(vertebra: Vertebra, xyz: Floats, depth_mm: Floats) -> Inside:
    """Places (n, 3) in the frame of a body; its endplates are taken for flat."""
    x, y, z = xyz.T.astype(np.float32)
    left, back, up = local(vertebra, (x, y, z))
    half = np.float32(vertebra.height_mm / 2)
    ends = (np.maximum(half - up, 0), np.maximum(half + up, 0))
    return Inside((x, y, z), left, back, up, depth_mm.astype(np.float32), *ends)
