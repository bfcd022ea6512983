import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console

from models.vertebra_segmentation import train
from models.vertebra_segmentation.crops import COARSE_CROPS, FINE_CROPS, CropPlan, RandomCrops
from models.vertebra_segmentation.export import export
from models.vertebra_segmentation.grid import Image
from models.vertebra_segmentation.labels import (
    BODY_CLASSES,
    COARSE_CLASSES,
    FINE_CLASSES,
    IGNORE,
    UNNAMED,
    coarse_index,
    fine_index,
)
from models.vertebra_segmentation.learner import cross_entropy
from models.vertebra_segmentation.segmenter import Segmenter
from models.vertebra_segmentation.sources import LabelledScan
from models.vertebra_segmentation.train import Run, rate_factor, stage_run


@pytest.fixture(scope="module")
def scan() -> LabelledScan:
    """Two blocks of bone in soft tissue, 3 mm voxels, under the name of a training source."""
    hu = np.full((48, 48, 48), 40, np.float32)
    coarse, fine = (np.zeros(hu.shape, np.uint8) for _ in range(2))
    for first, level in ((6, "L2"), (26, "L1")):
        rim, core = np.s_[first : first + 14, 16:32, 14:34], np.s_[first + 2 : first + 12, 18:30, 16:32]
        coarse[rim] = coarse_index(level)
        fine[rim], fine[core] = fine_index("body_rim"), fine_index("body_core")
        hu[rim], hu[core] = 400, 130
    affine = np.array([[0.0, 0.0, 3.0, 0.0], [0.0, 3.0, 0.0, 0.0], [3.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]])
    return LabelledScan("ts_example", "made for a test", Image(hu, affine), coarse, fine)


@pytest.mark.parametrize(("plan", "classes"), [(COARSE_CROPS, COARSE_CLASSES), (FINE_CROPS, FINE_CLASSES)])
def test_crops_are_labelled_where_the_scan_is(plan: CropPlan, classes: tuple[str, ...], scan: LabelledScan) -> None:
    """Voxels from beyond the scan are air and ignored; the others have a class of their network."""
    crops = RandomCrops(plan, [scan], coarse=classes == COARSE_CLASSES, simulated_share=0.0)
    drawn = crops.draw(3, torch.Generator().manual_seed(1))
    known = drawn.labels != IGNORE
    named = drawn.labels[known & (drawn.labels != UNNAMED)]

    assert int(named.max()) < len(classes)
    assert (drawn.hu[~known] == -1024).all()
    assert drawn.hu.shape == drawn.labels.shape
    assert torch.isfinite(drawn.hu).all()


def test_crops_repeat(scan: LabelledScan) -> None:
    """One seed gives the same crops."""
    crops = RandomCrops(FINE_CROPS, [scan], coarse=False, simulated_share=0.0)
    first, second = (crops.draw(2, torch.Generator().manual_seed(4)) for _ in range(2))

    assert torch.equal(first.hu, second.hu)
    assert torch.equal(first.labels, second.labels)


def test_names_of_real_bodies_are_kept_from_the_coarse_network_most_of_the_time(scan: LabelledScan) -> None:
    """A crop of a real scan has all of its names or none; one of a digital patient has all."""
    real = RandomCrops(COARSE_CROPS, [scan], coarse=True, simulated_share=0.0)
    made = RandomCrops(COARSE_CROPS, [replace(scan, is_simulated=True)], coarse=True, simulated_share=1.0)
    generator = torch.Generator().manual_seed(3)
    hidden = [(each == UNNAMED).any() for each in real.draw(40, generator).labels if _has_body(each)]

    assert 0.4 < np.mean(hidden) < 0.95
    assert not any(_levels() & _found(each) and UNNAMED in _found(each) for each in real.draw(8, generator).labels)
    assert not any((each == UNNAMED).any() for each in made.draw(8, generator).labels)


def _levels() -> set[int]:
    return {coarse_index(name) for name in BODY_CLASSES}


def _has_body(labels: torch.Tensor) -> bool:
    return bool({UNNAMED, *_levels()} & _found(labels))


def _found(labels: torch.Tensor) -> set[int]:
    return set(labels.unique().tolist())


def test_an_unnamed_body_teaches_that_it_is_a_body() -> None:
    """Any level is as good as another for it; background costs; voxels to ignore cost nothing."""
    weights = torch.ones(len(COARSE_CLASSES))
    labels = torch.full((1, 2, 1, 1), UNNAMED)
    labels[0, 1] = IGNORE

    def cost(name: str) -> float:
        logits = torch.zeros(1, len(COARSE_CLASSES), 2, 1, 1)
        logits[:, coarse_index(name)] = 12.0
        return float(cross_entropy(logits, labels, weights))

    assert cost("T3") == pytest.approx(cost("L5"), abs=1e-4)
    assert cost("T3") < 0.01
    assert cost("background") > 5
    assert float(cross_entropy(torch.zeros(1, 30, 1, 1, 1), torch.full((1, 1, 1, 1), IGNORE), torch.ones(30))) == 0


def test_where_every_name_is_known_it_is_the_usual_loss() -> None:
    """Without unnamed voxels: the weighted cross entropy of the known ones."""
    generator = torch.Generator().manual_seed(5)
    logits = torch.randn(2, len(COARSE_CLASSES), 3, 3, 3, generator=generator)
    labels = torch.randint(len(COARSE_CLASSES), (2, 3, 3, 3), generator=generator)
    labels[0, 0] = IGNORE
    weights = torch.rand(len(COARSE_CLASSES), generator=generator)
    expected = torch.nn.functional.cross_entropy(logits, labels, weights, ignore_index=IGNORE)

    assert float(cross_entropy(logits, labels, weights)) == pytest.approx(float(expected), rel=1e-5)


def test_rate_falls_at_the_end() -> None:
    """The learning rate is full at first and a twentieth at the end."""
    assert rate_factor(0.0) == rate_factor(0.5) == 1.0
    assert rate_factor(1.0) == pytest.approx(0.05)


def test_a_stopped_run_continues_and_its_weights_load(
    scan: LabelledScan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run continues at the step where it stopped, and what it exports is verified and loaded."""
    monkeypatch.setattr(train, "REPORT_SECONDS", 0.0)
    smaller = {
        stage: (classes, replace(plan, sizes=((32, 32, 32),))) for stage, (classes, plan) in train.STAGES.items()
    }
    monkeypatch.setattr(train, "STAGES", smaller)
    monkeypatch.setattr(train, "labelled_scans", lambda _: [scan])
    run = Run(tmp_path, tmp_path, tmp_path, patients=0, warped_each=0, seconds=0.01, seed=7)
    for stage in train.STAGES:
        stage_run(stage, run).train(run.seconds, Console(quiet=True))
    steps = {stage: stage_run(stage, run).learner.step for stage in train.STAGES}
    export(tmp_path, tmp_path / "weights", "9.9.9")
    metadata: Mapping[str, Mapping[str, object]] = json.loads((tmp_path / "weights" / "metadata.json").read_text())

    assert steps == {"coarse": 1, "fine": 1}
    assert Segmenter.load(tmp_path / "weights").version == "9.9.9"
    assert metadata["training"]["sources"] == {"ts_example": "made for a test"}
    assert (tmp_path / "curve-coarse.png").exists()
    assert (tmp_path / "curve-fine.csv").read_text().startswith("step,seconds,loss")


def test_a_scan_that_is_left_out_is_not_trained_on(
    scan: LabelledScan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cross-validation: neither the crops nor the description know a scan that is left out."""
    monkeypatch.setattr(train, "labelled_scans", lambda _: [scan])
    run = Run(tmp_path, tmp_path, tmp_path, patients=0, warped_each=0, seconds=1, seed=7, left_out=("ts_example",))

    assert list(run.scans()) == []
    assert run.description["sources"] == {}
    assert run.description["left_out"] == ["ts_example"]
    assert str(run.description["command"]).endswith("--leave-out ts_example")


def test_phantoms_have_no_spine() -> None:
    """Some coarse crops show phantoms, and all of their voxels are background."""
    plan = replace(COARSE_CROPS, spineless=1.0)
    crops = RandomCrops(plan, [], coarse=True, simulated_share=0.0).draw(4, torch.Generator().manual_seed(2))

    assert (crops.labels == 0).all()
    assert float(crops.hu.max()) > float(crops.hu.min())
