"""Running a network over canonical HU grids."""

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from models.vertebra_segmentation.grid import Array
from models.vertebra_segmentation.network import STRIDE, HalfResolutionUNet, windowed

AIR_HU = -1024.0
SMALLEST_SIDE = 2 * STRIDE
"""Instance normalisation needs more than one voxel at the lowest resolution."""

SLAB = 2
"""Slices of half resolution whose classes are computed at once: what lies between features and probabilities
stays in the cache, and large arrays are not made only to be thrown away."""


def probabilities(network: HalfResolutionUNet, hu: Array, device: str) -> Array:
    """Class probabilities (grid, class, slice, row, column) of grids of one shape; padded with air to the stride."""
    volume = torch.from_numpy(np.ascontiguousarray(hu, np.float32))[:, None].to(device)
    missing = [max(-n % STRIDE, SMALLEST_SIDE - n) for n in hu.shape[1:]]
    padding = [p for n in reversed(missing) for p in (n // 2, n - n // 2)]
    padded = functional.pad(volume, padding, value=AIR_HU)
    found = np.empty((len(hu), network.classes, *hu.shape[1:]), np.float32)
    with torch.inference_mode():
        features = network.features(windowed(padded))
        _classify(network, features, [n // 2 for n in missing], torch.from_numpy(found))
    return found


def _classify(network: HalfResolutionUNet, features: Tensor, first: list[int], found: Tensor) -> None:
    """Fill in the probabilities of a grid that begins at voxel `first` of the padded one."""
    sizes = found.shape[2:]
    halves = [slice(f // 2, (f + n + 1) // 2) for f, n in zip(first, sizes, strict=True)]
    rows, columns = (slice(f % 2, f % 2 + n) for f, n in zip(first[1:], sizes[1:], strict=True))
    for half in range(halves[0].start, halves[0].stop, SLAB):
        stop = min(half + SLAB, halves[0].stop)
        slab = network.probabilities(features[:, :, half:stop, halves[1], halves[2]])
        low, high = max(2 * half, first[0]), min(2 * stop, first[0] + sizes[0])
        found[:, :, low - first[0] : high - first[0]] = slab[:, :, low - 2 * half : high - 2 * half, rows, columns]
