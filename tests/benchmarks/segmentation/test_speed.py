import mmap

import numpy as np
import pytest
import torch

from models.vertebra_segmentation.grid import Image
from tests.benchmarks.segmentation.memory_meter import forget_peak, peak_gb, resident_gb
from tests.benchmarks.segmentation.peer_network import CLASSES, network, tile_count
from tests.benchmarks.segmentation.speed import peer_total, with_slices
from tests.benchmarks.segmentation.stages import StageMeter

AXIAL = np.array([[0, 0, 0.7, 0], [0, 0.7, 0, 0], [2.5, 0, 0, 0], [0, 0, 0, 1.0]])


def test_the_peer_has_the_size_of_its_model():
    """16.5 million parameters, as the published checkpoint has, and 118 classes at full resolution."""
    model = network()
    parameters = sum(p.numel() for p in {id(p): p for p in model.parameters()}.values())
    with torch.inference_mode():
        answer = model(torch.zeros(1, 1, 32, 32, 32))

    assert parameters == pytest.approx(16.55e6, rel=0.01)
    assert answer.shape == (1, CLASSES, 32, 32, 32)


@pytest.mark.parametrize(
    ("extent_mm", "tiles"),
    [
        ((320.0, 350.0, 350.0), 2),  # fits in depth and width, a little too high
        ((336.0, 336.0, 384.0), 1),  # exactly one patch
        ((450.0, 400.0, 400.0), 8),
    ],
)
def test_tiles_cover_the_scan(extent_mm, tiles):
    """Patches of 112 x 112 x 128 at 3 mm, 0.8 of a patch apart."""
    assert tile_count(extent_mm) == tiles


def test_the_ratio_is_whole_scan_to_whole_scan():
    """Tiles times seconds per patch, over the product's seconds."""
    total = peer_total({"seconds_per_patch": 10.0, "peak_gb": 2.0}, 2.0, (450.0, 400.0, 400.0))

    assert (total["seconds"], total["ratio"]) == (80.0, 40.0)


def test_other_slices_show_the_same():
    """Re-slicing keeps extent, first edge and mean of a scan."""
    hu = np.random.default_rng(0).integers(0, 200, (40, 6, 6)).astype(np.int16)
    made = with_slices(Image(hu, AXIAL), 100)

    assert made.values.shape == (100, 6, 6)
    assert made.values.shape[0] * made.spacing_mm[0] == pytest.approx(40 * 2.5)
    assert made.affine_lps[2, 3] - made.spacing_mm[0] / 2 == pytest.approx(-1.25)
    assert made.values.mean() == pytest.approx(hu.mean(), abs=2)


def test_each_stage_has_its_own_time_and_peak():
    """Memory that one stage used and gave back is not charged to the next, where the system can tell."""
    meter = StageMeter()
    meter("large", 0.0)
    with mmap.mmap(-1, 320_000_000) as held:  # goes back to the system, whatever the allocator keeps
        for _ in range(320):
            held.write(bytes(1_000_000))
    meter("small", 0.5)
    meter("done", 1.0)

    assert list(meter.stages) == ["large", "small"]
    assert all(stage["seconds"] >= 0 for stage in meter.stages.values())
    if forget_peak():
        assert meter.stages["large"]["peak_gb"] - meter.stages["small"]["peak_gb"] > 0.2


def test_the_peak_is_no_less_than_what_is_resident():
    """By definition."""
    assert peak_gb() >= resident_gb() * 0.99
