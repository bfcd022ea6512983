"""The compute of an nnU-Net "3 mm fast" network with random weights.

`python -m tests.benchmarks.segmentation.peer_network`, a process of its own, prints one line of JSON.
Architecture, patch and tile step as in TotalSegmentator's task 297. Only the network's own work is timed: no
resampling, no reading, no post-processing.
"""

import argparse
import json
import time
from itertools import permutations
from math import ceil, prod

import torch
from monai.networks.nets import DynUNet

from tests.benchmarks.segmentation.memory_meter import peak_gb

FILTERS = (32, 64, 128, 256, 320)
CLASSES = 118
PATCH = (112, 112, 128)
TILE_STEP = 0.8
SPACING_MM = 3.0


def network() -> DynUNet:
    """Five stages of two 3 x 3 x 3 convolutions, instance normalisation, leaky rectifier."""
    return DynUNet(
        spatial_dims=3,
        in_channels=1,
        out_channels=CLASSES,
        kernel_size=[3] * len(FILTERS),
        strides=[1, *[2] * (len(FILTERS) - 1)],
        upsample_kernel_size=[2] * (len(FILTERS) - 1),
        filters=FILTERS,
        norm_name=("INSTANCE", {"affine": True}),
        act_name=("leakyrelu", {"inplace": True, "negative_slope": 0.01}),
    ).eval()


def tile_count(extent_mm: tuple[float, float, float]) -> int:
    """Patches that cover an extent at 3 mm, at most a tile step apart; the patch laid so that fewest are needed."""
    return min(prod(map(_along, extent_mm, patch)) for patch in permutations(PATCH))


def _along(length_mm: float, size: int) -> int:
    voxels = max(ceil(length_mm / SPACING_MM), size)
    return ceil((voxels - size) / (size * TILE_STEP)) + 1


def seconds_per_patch(threads: int, repeats: int) -> float:
    """The fastest of some passes over one patch."""
    torch.set_num_threads(threads)
    model, patch = network(), torch.randn(1, 1, *PATCH)
    seconds = []
    with torch.inference_mode():
        for _ in range(repeats):
            begun = time.perf_counter()
            model(patch)
            seconds.append(time.perf_counter() - begun)
    return min(seconds)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=2)
    options = parser.parse_args()
    seconds = seconds_per_patch(options.threads, options.repeats)
    print(json.dumps({"seconds_per_patch": round(seconds, 2), "peak_gb": round(peak_gb(), 2)}))  # noqa: T201


if __name__ == "__main__":
    main()
