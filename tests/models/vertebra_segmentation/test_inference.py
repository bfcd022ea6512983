"""Running a network: in parts and in batches, it says what it says of the whole."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional

from models.vertebra_segmentation.inference import AIR_HU, SMALLEST_SIDE, probabilities
from models.vertebra_segmentation.network import STRIDE, HalfResolutionUNet, for_inference, windowed

CLASSES = 3
SIDES = st.integers(1, 70)


def _network() -> HalfResolutionUNet:
    torch.manual_seed(4)
    return HalfResolutionUNet(CLASSES, (4, 6, 8, 10)).eval()


NETWORK = _network()


def _grid(shape: tuple[int, ...]) -> np.ndarray:
    return np.random.default_rng(sum(shape)).normal(0, 300, shape).astype(np.float32)


def _whole(grid: np.ndarray) -> np.ndarray:
    """Softmax of the forward pass over one grid, padded with air on both sides, the odd voxel behind."""
    sides = [max(-(-n // STRIDE) * STRIDE, SMALLEST_SIDE) for n in grid.shape]
    before = [(side - n) // 2 for side, n in zip(sides, grid.shape, strict=True)]
    pairs = zip(sides, grid.shape, before, strict=True)
    padding = [(first, side - n - first) for side, n, first in pairs]
    padded = torch.from_numpy(np.pad(grid, padding, constant_values=AIR_HU))[None, None]
    with torch.inference_mode():
        found = functional.softmax(NETWORK(windowed(padded))[0], dim=0).numpy()
    box = tuple(slice(first, first + n) for first, n in zip(before, grid.shape, strict=True))
    return found[(slice(None), *box)]


@given(SIDES, SIDES, SIDES)
@settings(max_examples=15, deadline=None)
def test_classes_are_those_of_the_forward_pass(slices: int, rows: int, columns: int) -> None:
    """Slab by slab, whatever the padding, the probabilities are the softmax of all logits."""
    grid = _grid((slices, rows, columns))
    (found,) = probabilities(NETWORK, grid[None], "cpu")

    assert found.shape == (CLASSES, slices, rows, columns)
    np.testing.assert_allclose(found, _whole(grid), atol=1e-5)


@pytest.mark.parametrize("count", [1, 3])
def test_channels_last_in_memory_change_nothing(count: int) -> None:
    """Prepared for inference, a network says the same, and keeps its parameters and their names."""
    prepared = for_inference(_network())
    grids = np.stack([_grid((32, 48, 40)) - 100 * n for n in range(count)])

    found = probabilities(prepared, grids, "cpu")

    np.testing.assert_allclose(found, probabilities(NETWORK, grids, "cpu"), atol=1e-4)
    for (name, own), (same_name, same) in zip(prepared.named_parameters(), NETWORK.named_parameters(), strict=True):
        assert name == same_name
        assert torch.equal(own, same)


@pytest.mark.parametrize("count", [2, 5])
def test_grids_in_one_batch_do_not_touch_each_other(count: int) -> None:
    """Each grid of a batch is classified as if it were alone."""
    grids = np.stack([_grid((32, 48, 47)) + 40 * n for n in range(count)])
    together = probabilities(NETWORK, grids, "cpu")

    for grid, found in zip(grids, together, strict=True):
        np.testing.assert_allclose(found, probabilities(NETWORK, grid[None], "cpu")[0], atol=1e-5)


def test_the_same_grid_gives_the_same_bits() -> None:
    """Two passes agree to the last bit."""
    grid = _grid((40, 50, 33))[None]

    np.testing.assert_array_equal(probabilities(NETWORK, grid, "cpu"), probabilities(NETWORK, grid, "cpu"))
