"""The shipped weights on two real scans, through the benchmark's own road."""

import json

import pytest

from cds.inference.segmenter import NetworkSegmenter
from tests.benchmarks.segmentation.__main__ import main
from tests.benchmarks.segmentation.data_folders import DataFolders
from tests.benchmarks.segmentation.figures import figures_of
from tests.benchmarks.segmentation.gallery import unseen
from tests.benchmarks.segmentation.measuring import measure
from tests.benchmarks.segmentation.pictures import picture_of, save
from tests.benchmarks.segmentation.reading import read
from tests.benchmarks.segmentation.real import record
from tests.benchmarks.segmentation.real_volumes import VOLUMES
from tests.benchmarks.segmentation.weights_under_test import WeightsUnderTest, weights_in
from tests.support.real_ct import SHARED_CT, shared_ct

BY_NAME = {about.name: about for about in VOLUMES}


@pytest.fixture(scope="module")
def segmenter():
    """The shipped networks, loaded once."""
    return NetworkSegmenter.load(device="cpu")


def _result(name, segmenter):
    shared_ct(BY_NAME[name].place.split("/")[0])
    return record(read(BY_NAME[name], DataFolders((SHARED_CT,))), segmenter, weights_in("final"))


def test_an_expert_scan_never_trained_on(segmenter):
    """On verse014 L1-L5 are named as the experts did; Dice is 0.87 on average, at least 0.9 from L1 to L4.

    L5, whose outline is the least certain (see the card), is not used for any result.
    """
    result = _result("verse014", segmenter)
    found = figures_of(result["bodies"])

    assert not result["seen_in_training"]
    assert [row["true_level"] for row in result["bodies"] if row["verdict"] == "right"] == [
        "L1",
        "L2",
        "L3",
        "L4",
        "L5",
    ]
    dice = {row["true_level"]: row["dice"] for row in result["bodies"] if "dice" in row}
    assert min(dice[level] for level in ("L1", "L2", "L3", "L4")) >= 0.9
    assert dice["L5"] >= 0.75
    assert found["dice"]["mean"] >= 0.87


def test_a_trunk_reads_its_references(segmenter):
    """On ts_example (in the training set) L1-L3 read within 12 HU of the references by the product's rule."""
    rows = {row.get("true_level"): row for row in _result("ts_example", segmenter)["bodies"]}

    assert max(abs(rows[level]["reference_error_hu"]) for level in ("L1", "L2", "L3")) <= 12
    assert rows["T12"]["verdict"] == "cut"


def test_a_picture_is_small(tmp_path, segmenter):
    """Every volume that is committed has a picture of at most 150 kB."""
    shared_ct("ts_example")
    scan = read(BY_NAME["ts_example"], DataFolders((SHARED_CT,)))
    save(picture_of(scan, measure(scan.volume, segmenter), "weights"), tmp_path / "picture.png")

    assert 20_000 < (tmp_path / "picture.png").stat().st_size < 150_000


def test_what_is_not_there_is_told(tmp_path, monkeypatch, capsys):
    """Without data the command says what is absent and that leave-out was skipped, and keeps an empty part."""
    monkeypatch.setattr("tests.benchmarks.segmentation.__main__.data_folders", lambda _: (DataFolders((tmp_path,)), ()))
    main(["--data", str(tmp_path), "--only", "real", "--results", str(tmp_path / "kept.json")])
    told = capsys.readouterr().out
    kept = json.loads((tmp_path / "kept.json").read_text(encoding="utf-8"))

    assert "verse014: not there, left out" in told
    assert "leave-out was skipped; no earlier figures are kept" in told
    assert kept["final"]["volumes"] == []
    assert set(kept["final"]["absent"]) == set(BY_NAME)


def test_pictures_prefer_weights_that_never_saw_the_scan():
    """The fold that left it out, where the final weights saw it; else the final weights."""
    final = WeightsUnderTest("final", None, "1", "", frozenset({"ts_example", "ts_j2k"}), frozenset())
    fold = WeightsUnderTest("fold 1", None, "1", "", frozenset({"ts_j2k"}), frozenset({"ts_example"}))
    chosen = {name: unseen(BY_NAME[name], final, [fold]).name for name in ("ts_example", "ts_j2k", "verse014")}

    assert chosen == {"ts_example": "fold 1", "ts_j2k": "final", "verse014": "final"}
