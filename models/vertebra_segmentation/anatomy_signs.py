"""How a patient lies in a scan, by what the coarse network saw of him.

    levels    run downwards from T7 to L5
    ribs      slope downwards on their way out
    organs    lungs and heart lie above liver, spleen, kidneys, psoas and hips
    canal     lies behind the bodies
    liver     lies on the right

Places are LPS mm, so that the storage order does not matter. What is not seen is None.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label

from models.vertebra_segmentation.grid import to_lps
from models.vertebra_segmentation.labels import BODY_CLASSES, coarse_index
from models.vertebra_segmentation.spine_map import SpineMap

SURE = 0.5
BIN_MM = 4.0
"""Heights are compared in bins as fine as the map."""

CHEST = ("lung", "heart")
BELLY = ("liver", "spleen", "kidney", "psoas", "hip")
SIDED = ("liver", "spleen", "heart", "aorta")
LEAST_ORGAN_ML = 40.0
LEAST_LIVER_ML = 150.0
"""The middle of less, in a narrow field of view, says nothing of its side."""

LEAST_RIB_ML = 1.0
LEAST_SLICE_ML = 0.5
RIB_REACH_MM = 25.0
"""A rib is seen over at least so much of its way."""

CANAL_BEHIND_MM = 8.0

LEVELS_PER_DM = 0.5
RIB_SLOPE = 0.1
ORGANS_MM = 20.0
"""From here on a sign counts. The right way up 2 to 3 levels a decimetre, slopes of 0.2 to 1 and 25 mm and
more were seen on real and simulated scans."""

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class AnatomySigns:
    """Positive where the patient lies as the affine says."""

    levels_per_dm: float | None
    rib_slope: float | None
    chest_above_belly_mm: float | None
    supported_ml: float
    """Bodies with the canal behind them."""
    spine_ml: float
    sided_ml: float
    """Organs that lie on one side."""
    liver_right_mm: float | None

    @property
    def upright(self) -> int:
        """Signs that head and feet are where the affine says, less those that they are not."""
        return sum(self._votes())

    @property
    def against(self) -> int:
        """Signs that they are not."""
        return self._votes().count(-1)

    def _votes(self) -> list[int]:
        signs = (
            (self.levels_per_dm, LEVELS_PER_DM),
            (self.rib_slope, RIB_SLOPE),
            (self.chest_above_belly_mm, ORGANS_MM),
        )
        return [int(np.sign(value)) for value, counts_from in signs if value is not None and abs(value) >= counts_from]


def anatomy_signs(spine: SpineMap) -> AnatomySigns:
    """Read all signs from one map."""
    voxel_ml = float(abs(np.linalg.det(spine.affine_lps[:3, :3]))) / 1000
    bodies = _places(spine, *BODY_CLASSES)
    middle_x = float(bodies[:, 0].mean()) if len(bodies) else 0.0
    liver = _places(spine, "liver")
    has_liver = len(bodies) > 0 and len(liver) * voxel_ml >= LEAST_LIVER_ML
    return AnatomySigns(
        levels_per_dm=_levels_per_dm(spine, voxel_ml),
        rib_slope=_rib_slope(spine, middle_x, voxel_ml),
        chest_above_belly_mm=_above(_places(spine, *CHEST), _places(spine, *BELLY), voxel_ml),
        supported_ml=_supported(bodies, _places(spine, "spinal_canal")) * voxel_ml,
        spine_ml=len(bodies) * voxel_ml,
        sided_ml=len(_places(spine, *SIDED)) * voxel_ml,
        liver_right_mm=middle_x - float(liver[:, 0].mean()) if has_liver else None,
    )


def _places(spine: SpineMap, *names: str) -> Points:
    """LPS points (n, 3) of the voxels that are one of these classes."""
    return to_lps(spine.affine_lps, np.argwhere(spine.of(*names) > SURE).astype(float))


def _bins(points: Points) -> NDArray[np.int64]:
    heights: NDArray[np.int64] = np.rint(points[:, 2] / BIN_MM).astype(np.int64)
    return heights


def _levels_per_dm(spine: SpineMap, voxel_ml: float) -> float | None:
    """How many levels further down the names are 10 cm lower; None where less than 5 cm of spine is seen."""
    channels = [coarse_index(name) for name in BODY_CLASSES]
    seen = np.argwhere(spine.body() > SURE)
    if len(seen) * voxel_ml < LEAST_ORGAN_ML:
        return None
    votes = spine.probabilities[(np.array(channels)[:, None], *seen.T)].astype(np.float64)
    level = np.arange(len(channels)) @ votes / votes.sum(axis=0)
    height = to_lps(spine.affine_lps, seen.astype(float))[:, 2]
    if np.ptp(height) < 50:
        return None
    return float(-100 * np.polyfit(height, level, 1)[0])


def _rib_slope(spine: SpineMap, middle_x: float, voxel_ml: float) -> float | None:
    """Mean fall of the ribs in mm a mm outwards, by their volume; None without ribs."""
    pieces, count = label(spine.probabilities[coarse_index("rib")] > SURE)
    slopes, weights = [], []
    places = np.argwhere(pieces > 0)
    numbers = pieces[tuple(places.T)]
    points = to_lps(spine.affine_lps, places.astype(float))
    for number in range(1, count + 1):
        own = points[numbers == number]
        outwards = np.abs(own[:, 0] - middle_x)
        if len(own) * voxel_ml >= LEAST_RIB_ML and np.ptp(outwards) >= RIB_REACH_MM:
            slopes.append(-np.polyfit(outwards, own[:, 2], 1)[0])
            weights.append(len(own))
    return float(np.average(slopes, weights=weights)) if slopes else None


def _above(upper: Points, lower: Points, voxel_ml: float) -> float | None:
    """Height of one group of organs over another; None where there is too little of either."""
    if min(len(upper), len(lower)) * voxel_ml < LEAST_ORGAN_ML:
        return None
    return float(upper[:, 2].mean() - lower[:, 2].mean())


def _supported(bodies: Points, canal: Points) -> int:
    """Number of body voxels at whose height the canal lies behind the bodies."""
    of_body, of_canal = _bins(bodies), _bins(canal)
    count = 0
    for height in np.intersect1d(of_body, of_canal):
        here = of_body == height
        if canal[of_canal == height, 1].mean() - bodies[here, 1].mean() >= CANAL_BEHIND_MM:
            count += int(here.sum())
    return count
