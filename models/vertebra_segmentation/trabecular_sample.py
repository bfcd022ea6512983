"""The HU of trabecular bone inside a body mask, by the measurement rule of the product.

Kept apart from the product's own implementation, so that the evaluation depends on arrays alone.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt, map_coordinates, zoom

from models.vertebra_segmentation.grid import Image, to_index, to_lps
from models.vertebra_segmentation.segmenter import BodyMask

DEPTH_MM = 5.0
FINER = 2
OUTLIER_MADS = 3.0
TRIMMED_PERCENTILES = (5, 95)
FEWEST_VOXELS = 20


def trabecular_hu(scan: Image, body: BodyMask, axis_lps: NDArray[np.float64]) -> float | None:
    """Mean HU of the core: 5 mm inside, middle half of the height, without the posterior third.

    `axis_lps` points along the spine to cranial. None where the core is too small.
    """
    mask = zoom(body.inside, FINER, order=1, mode="nearest", grid_mode=True) > 0.5
    affine = body.affine_lps.copy()
    affine[:3, :3] /= FINER
    affine[:3, 3] += body.affine_lps[:3, :3] @ np.full(3, (1 / FINER - 1) / 2)
    depth = distance_transform_edt(mask, sampling=np.linalg.norm(affine[:3, :3], axis=0))
    surface = to_lps(affine, np.argwhere(mask).astype(float))
    low, high = _box(scan, surface)
    grid = np.stack(np.meshgrid(*(np.arange(a, b) for a, b in zip(low, high, strict=True)), indexing="ij"), axis=-1)
    points = to_lps(scan.affine_lps, grid.reshape(-1, 3).astype(float))
    deep = map_coordinates(depth, to_index(affine, points).T, order=1) >= DEPTH_MM
    chosen = deep & _in_middle(points, surface, axis_lps)
    values = scan.values[tuple(slice(a, b) for a, b in zip(low, high, strict=True))].reshape(-1)[chosen]
    return trimmed_mean(values.astype(np.float64)) if chosen.sum() >= FEWEST_VOXELS else None


def _box(scan: Image, points: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    index = to_index(scan.affine_lps, points)
    low = np.maximum(np.floor(index.min(axis=0)), 0).astype(int)
    high = np.minimum(np.ceil(index.max(axis=0)) + 1, scan.values.shape).astype(int)
    return low, high


def _in_middle(
    points: NDArray[np.float64], surface: NDArray[np.float64], axis_lps: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Middle half of the height and the anterior two thirds of the depth, along the body's own axes."""
    posterior = np.array([0.0, 1.0, 0.0])
    posterior -= axis_lps * (posterior @ axis_lps)
    posterior /= np.linalg.norm(posterior)
    bottom, top = np.percentile(surface @ axis_lps, (1, 99))
    front, back = np.percentile(surface @ posterior, (1, 99))
    height, depth = (points @ axis_lps - bottom) / (top - bottom), (points @ posterior - front) / (back - front)
    middle: NDArray[np.bool_] = (height > 0.25) & (height < 0.75) & (depth < 2 / 3)
    return middle


def trimmed_mean(hu: NDArray[np.float64]) -> float:
    """Mean between the 5th and 95th percentile, after values beyond 3 MAD from the median are removed."""
    distance = np.abs(hu - np.median(hu))
    kept = hu[distance <= OUTLIER_MADS * max(float(np.median(distance)), 1.0)]
    low, high = np.percentile(kept, TRIMMED_PERCENTILES)
    return float(kept[(kept >= low) & (kept <= high)].mean())
