"""How much two masks on different grids have in common."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

from cds.bone.anatomy import MaskGrid

SURFACE = 0.5


def dice(found: MaskGrid, true: MaskGrid) -> float:
    """2 |A and B| / (|A| + |B|) on the voxels of the true mask's grid, continued as far as both reach; 0 to 1."""
    to_found = np.linalg.inv(found.affine_lps) @ true.affine_lps
    corners = np.stack(np.meshgrid(*zip((0, 0, 0), np.array(found.inside.shape) - 1, strict=True))).reshape(3, -1)
    reached = _moved(np.linalg.inv(to_found), corners.T.astype(float))
    low = np.minimum(np.floor(reached.min(axis=0)), 0).astype(int)
    high = np.maximum(np.ceil(reached.max(axis=0)) + 1, true.inside.shape).astype(int)
    index = np.stack(np.meshgrid(*map(np.arange, low, high), indexing="ij"), axis=-1).reshape(-1, 3)
    values = map_coordinates(found.inside, _moved(to_found, index.astype(float)).T, order=1, cval=0.0)
    first = values.reshape(high - low) >= SURFACE
    second = np.zeros(high - low, bool)
    second[tuple(slice(-a, n - a) for a, n in zip(low, true.inside.shape, strict=True))] = true.inside >= SURFACE
    total = int(first.sum()) + int(second.sum())
    return 2 * int((first & second).sum()) / total if total else 0.0


def _moved(affine: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
    result: NDArray[np.float64] = points @ affine[:3, :3].T + affine[:3, 3]
    return result
