"""Running a network over a canonical HU grid."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from models.vertebra_segmentation.grid import Array
from models.vertebra_segmentation.network import STRIDE, HalfResolutionUNet, windowed

AIR_HU = -1024.0
SMALLEST_SIDE = 2 * STRIDE
"""Instance normalisation needs more than one voxel at the lowest resolution."""


def probabilities(network: HalfResolutionUNet, hu: Array, device: str) -> Array:
    """Class probabilities (class, slice, row, column); the grid is padded with air to the stride."""
    volume = torch.from_numpy(np.ascontiguousarray(hu, np.float32))[None, None].to(device)
    missing = [max(-n % STRIDE, SMALLEST_SIDE - n) for n in hu.shape]
    padding = [p for n in reversed(missing) for p in (n // 2, n - n // 2)]
    padded = functional.pad(volume, padding, value=AIR_HU)
    with torch.inference_mode():
        logits = network(windowed(padded))[0]
        inner = tuple(slice(n // 2, n // 2 + size) for n, size in zip(missing, hu.shape, strict=True))
        result: NDArray[np.float32] = logits[(slice(None), *inner)].softmax(0).cpu().numpy()
    return result
