"""HU along short lines that leave a body: how far they fall on the way out, how far a shell stands out."""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from cds.bone.body_frame import STEP_MM, BodyFrame
from cds.ct.volume import CtVolume

REACH_MM: Final = 6
FALL_OVER_MM: Final = 3
"""A fall is looked for from 3 mm within the surface to 5 mm without."""

SHELL_MM: Final = 2
WITHIN_MM: Final = 4.0

Lines = NDArray[np.float64]
"""(n, 13): HU from 6 mm within the surface to 6 mm without, every mm."""


def hu_lines(volume: CtVolume, frame: BodyFrame, surface: NDArray[np.float64], outwards: NDArray[np.float64]) -> Lines:
    """Read lines through points of a surface (n, 3) along unit vectors (n, 3), both in the frame of the body."""
    offsets = np.arange(-REACH_MM, REACH_MM + 1, dtype=np.float64) / STEP_MM
    places = surface[:, None, :] + offsets[None, :, None] * outwards[:, None, :]
    to_index = volume.lps_to_index @ frame.affine_lps
    index = places @ to_index[:3, :3].T + to_index[:3, 3]
    hu: Lines = map_coordinates(volume.hu, index.reshape(-1, 3).T, output=np.float64, order=1, mode="nearest")
    return hu.reshape(len(surface), len(offsets))


def largest_fall(lines: Lines) -> float:
    """Largest fall of the mean line over 3 mm on its way out; 0 without a line."""
    if len(lines) == 0:
        return 0.0
    mean = lines.mean(axis=0)
    falls = mean[:-FALL_OVER_MM] - mean[FALL_OVER_MM:]
    return float(falls[REACH_MM - FALL_OVER_MM : REACH_MM + FALL_OVER_MM].max())


def shell_prominence(lines: Lines, thickness_mm: float) -> float:
    """How far the shell near the surface stands out from the bone within and what lies without; 0 without a line.

    The bone within is read 4 mm deep, or half through where the body is thinner. Negative where the mean line
    has no shell at the surface.
    """
    if len(lines) == 0:
        return 0.0
    mean = lines.mean(axis=0)
    shell = float(mean[REACH_MM - SHELL_MM : REACH_MM + SHELL_MM + 1].max())
    within = float(np.interp(REACH_MM - min(WITHIN_MM, thickness_mm / 2), np.arange(len(mean)), mean))
    return min(shell - within, largest_fall(lines))
