"""Streaks beside a vertebra: scatter of the muscles of the back across the rows of the image against along them.

Metal, arms and shoulders throw streaks that run from side to side. Noise, however strong, scatters alike
in both directions, and so does spongy bone; only layers of fat between the muscles do not, and these are
allowed for. Measured in muscle, away from its surface, because a streak there is no anatomy.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import binary_erosion, map_coordinates, uniform_filter1d

from cds.bone.anatomy import MaskGrid, Point
from cds.bone.body_frame import SURFACE
from cds.bone.image_noise import window_around
from cds.ct.volume import CtVolume

REACH_MM: Final = 90.0
"""How far from the centre of the body muscle is looked for."""
SLICES_EITHER_SIDE: Final = 1
DEPTH_MM: Final = 3.0
LENGTH_MM: Final = 10.0
"""A streak is longer than this; averaging over it leaves little of the noise."""
STEP_MM: Final = 3.0
LAYERS_HU: Final = 20.0
"""Scatter that layers of fat and muscle make themselves: across the rows 6 to 41 HU in four real scans
without streaks, 62 and more beside rods."""
LEAST_STEPS: Final = 200
QUARTILES_PER_SD: Final = 1.349


def streak_index(volume: CtVolume, muscle: MaskGrid, centre_lps_mm: Point) -> float | None:
    """Scatter across the rows (LPS y) over scatter along them (LPS x); None where too little muscle is seen.

    1 or less without streaks; 2 means that streaks are as strong as everything else together.
    """
    middle, box = window_around(volume, centre_lps_mm, REACH_MM)
    inside = _muscle_in(volume, muscle, middle, box)
    first, last = max(0, middle - SLICES_EITHER_SIDE), min(volume.hu.shape[0] - 1, middle + SLICES_EITHER_SIDE)
    slices = [volume.hu[index][box].astype(np.float64) for index in range(first, last + 1)]
    spacing_mm = volume.spacing_mm[1:]
    if abs(volume.affine_lps[0, 1]) > abs(volume.affine_lps[0, 2]):
        inside, slices, spacing_mm = inside.T, [hu.T for hu in slices], spacing_mm[::-1]
    across = [_steps(hu, inside, spacing_mm) for hu in slices]
    along = [_steps(hu.T, inside.T, spacing_mm[::-1]) for hu in slices]
    scatter_across, scatter_along = _scatter(np.concatenate(across)), _scatter(np.concatenate(along))
    if scatter_across is None or scatter_along is None:
        return None
    return scatter_across / float(np.hypot(scatter_along, LAYERS_HU))


def _steps(hu: NDArray[np.float64], inside: NDArray[np.bool_], spacing_mm: tuple[float, ...]) -> NDArray[np.float64]:
    """HU differences over 3 mm along the first axis, averaged over 10 mm along the second, within muscle."""
    if hu.size == 0:
        return np.empty(0)
    smooth = uniform_filter1d(hu, max(1, round(LENGTH_MM / spacing_mm[1])), axis=1)
    step = max(1, round(STEP_MM / spacing_mm[0]))
    return np.asarray((smooth[step:] - smooth[:-step])[inside[step:] & inside[:-step]], dtype=np.float64)


def _muscle_in(volume: CtVolume, muscle: MaskGrid, index: int, box: tuple[slice, slice]) -> NDArray[np.bool_]:
    """Muscle at least 3 mm under its surface, in part of one slice of the CT."""
    rows, columns = np.mgrid[box]
    to_mask = np.linalg.inv(muscle.affine_lps) @ volume.affine_lps
    where = to_mask[:3, :3] @ np.stack([np.full(rows.size, index), rows.ravel(), columns.ravel()]) + to_mask[:3, 3:]
    inside = map_coordinates(muscle.inside, where, order=1, cval=0.0).reshape(rows.shape) >= SURFACE
    radius = [max(1, round(DEPTH_MM / mm)) for mm in volume.spacing_mm[1:]]
    eroded = binary_erosion(inside, np.ones((2 * radius[0] + 1, 1), bool))
    return np.asarray(binary_erosion(eroded, np.ones((1, 2 * radius[1] + 1), bool)), dtype=bool)


def _scatter(steps: NDArray[np.float64]) -> float | None:
    """Standard deviation by the quartiles, so that single edges do not count."""
    if len(steps) < LEAST_STEPS:
        return None
    lower, upper = np.percentile(steps, (25, 75))
    return float(upper - lower) / QUARTILES_PER_SD
