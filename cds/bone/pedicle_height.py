"""At what height the pedicles leave a vertebral body: in its upper half, in every patient.

Bone is looked for beside the canal, behind the body, between its endplates. Where it lies in the lower half
of most bodies, the patient is upside down, whatever the vertebrae were named.
"""

from collections.abc import Iterable
from typing import Final

import numpy as np
from scipy.ndimage import map_coordinates

from cds.bone.body_frame import STEP_MM
from cds.bone.outlined_body import OutlinedBody
from cds.ct.volume import CtVolume

BONE_HU: Final = 180.0
BEFORE_CANAL_MM: Final = 6.0
BEHIND_CANAL_MM: Final = 3.0
"""Pedicles pass beside the front half of the canal."""

BESIDE_MM: Final = (8.0, 17.0)
"""From the middle of the canal: half its width, and a pedicle (Panjabi 1991, 1992)."""

LOWER_HALF: Final = -0.05
"""Mean over the bodies, in heights of the body from its middle; upright, real scans have 0.02 to 0.09 and simulated
ones 0.1 to 0.2."""

FEWEST_BODIES: Final = 3


def are_upside_down(volume: CtVolume, bodies: Iterable[OutlinedBody]) -> bool:
    """Whether the pedicles of three bodies or more leave them, on average, clearly below their middle."""
    heights = [height for body in bodies if (height := pedicle_height(volume, body)) is not None]
    return len(heights) >= FEWEST_BODIES and float(np.mean(heights)) < LOWER_HALF


def pedicle_height(volume: CtVolume, body: OutlinedBody) -> float | None:
    """Mean height of the bone beside the canal, from -0.5 at the lower to 0.5 at the upper endplate.

    None where neither canal nor bone is seen.
    """
    canal = body.axes.canal_lps_mm
    if canal is None:
        return None
    _, depth, width = np.linalg.solve(body.frame.affine_lps, np.array([*canal, 1.0]))[:3]
    levels = np.flatnonzero(body.frame.inside.any(axis=(1, 2))).astype(np.float64)
    aside = np.arange(BESIDE_MM[0], BESIDE_MM[1], STEP_MM)
    points = np.stack(
        np.meshgrid(
            levels,
            depth + np.arange(-BEFORE_CANAL_MM, BEHIND_CANAL_MM, STEP_MM),
            width + np.concatenate([-aside, aside]),
            indexing="ij",
        )
    )
    to_index = volume.lps_to_index @ body.frame.affine_lps
    index = np.tensordot(to_index[:3, :3], points, axes=1) + to_index[:3, 3, None, None, None]
    hu = map_coordinates(volume.hu, index, output=np.float64, order=1, mode="nearest")
    bone = (hu > BONE_HU).sum(axis=(1, 2))
    if not bone.any():
        return None
    return float(np.average((levels - levels.mean()) / max(np.ptp(levels), 1.0), weights=bone))
