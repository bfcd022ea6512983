"""Spongy bone of warped real bodies: as uneven as in parametric patients."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from models.digital_patient.grid import Canvas, Floats
from models.digital_patient.spine import Vertebra
from models.digital_patient.structures import LEVELS
from models.digital_patient.trabecular import Inside, Lesion, UnevenBody, draw_spongiosa
from models.digital_patient.unevenness import unevenness
from models.digital_patient.vertebra import local, standard_core


def uneven_bodies(
    rng: np.random.Generator,
    column: Sequence[Vertebra],
    lesions: Mapping[str, tuple[Lesion, ...]],
    vbmd_mg_cm3: Mapping[str, float],
) -> dict[str, UnevenBody]:
    """One for each body, by level."""
    grain = unevenness(int(rng.integers(2**31))).grain
    spongiosa = draw_spongiosa(rng, [lesions.get(level, ()) for level in LEVELS])
    return {
        each.level: UnevenBody(each, spongiosa[LEVELS.index(each.level)], vbmd_mg_cm3[each.level], grain)
        for each in column
    }


def roughen(
    canvas: Canvas,
    bodies: Mapping[str, UnevenBody],
    place: NDArray[np.intp],
    number: NDArray[np.uint8],
    depth_mm: Floats,
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
        z, y, x = (canvas.grid.along(axis)[index[axis]].astype(np.float32) for axis in range(3))
        left, back, up = local(body.vertebra, (x, y, z))
        half = np.float32(body.vertebra.height_mm / 2)
        ends = (np.maximum(half - up, 0), np.maximum(half + up, 0))
        inside = Inside((x, y, z), left, back, up, depth_mm[chosen].astype(np.float32), *ends)
        canvas.mineral.ravel()[place[chosen]] = body.mineral(inside, standard_core(body.vertebra))
