"""Pedicles and arch taken off an outline, so that nothing but the vertebral body remains.

Seen along the height of the body, what lies behind the middle of the canal is arch, and what a disc
of 12 mm cannot reach is pedicle; the corners that such a disc rounds off are given back. The
height is not looked at, so a collapsed body keeps all it has.
"""

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, label

from cds.bone.anatomy import Point
from cds.bone.body_frame import STEP_MM, BodyFrame

DISC_RADIUS_MM: Final = 6.0
"""Pedicles of T7 to L3 are 4 to 11 mm wide (Panjabi 1991, 1992)."""

GIVEN_BACK_MM: Final = 3.0


def without_posterior_elements(frame: BodyFrame, canal_lps_mm: Point | None) -> BodyFrame:
    """The same frame with the probability of everything but the body set to zero.

    An outline too small to hold the disc is left as it is.
    """
    footprint: NDArray[np.bool_] = np.asarray(frame.inside.any(axis=0))
    if canal_lps_mm is not None:
        depth = np.linalg.solve(frame.affine_lps, np.array([*canal_lps_mm, 1.0]))[1]
        footprint = footprint & (np.arange(footprint.shape[0]) < depth)[:, None]
    body = _opened(footprint)
    if not body.any():
        return frame
    return replace(frame, probability=np.where(body, frame.probability, 0.0))


def _opened(footprint: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The largest piece that a disc reaches, with its corners and a margin for the soft edge of the mask."""
    reached = distance_transform_edt(np.pad(footprint, 1))[1:-1, 1:-1] * STEP_MM > DISC_RADIUS_MM
    pieces, count = label(reached)
    if count == 0:
        return np.zeros_like(footprint)
    largest = pieces == np.bincount(pieces.ravel())[1:].argmax() + 1
    near: NDArray[np.bool_] = distance_transform_edt(~largest) * STEP_MM <= DISC_RADIUS_MM + GIVEN_BACK_MM
    return near
