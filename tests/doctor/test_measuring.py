"""Mirrors cds/doctor/measuring.py."""

import hashlib
import json
from datetime import UTC, datetime

import pytest

from cds.doctor.measuring import check_calibrations, check_model, check_population
from tests.support.hook_site import some_settings

NOW = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture
def weights(tmp_path):
    """Two small files, and the metadata that describes them."""
    networks = {}
    for stage in ("coarse", "fine"):
        (tmp_path / stage).write_bytes(stage.encode())
        networks[stage] = {"file": stage, "sha256": hashlib.sha256(stage.encode()).hexdigest()}
    (tmp_path / "metadata.json").write_text(json.dumps({"version": "1", "networks": networks}))
    return some_settings(weights_dir=tmp_path)


def test_shipped_weights_are_what_their_metadata_says():
    """The real ones."""
    assert check_model(some_settings()).state == "ok"


def test_weights_that_changed_or_are_gone_are_named(weights):
    """One byte is enough."""
    assert check_model(weights).state == "ok"
    (weights.weights_dir / "fine").write_bytes(b"finf")
    changed = check_model(weights)
    assert changed.state == "failed"
    assert "fine" in changed.found
    assert "coarse" not in changed.found
    assert "OSTEOCDS_WEIGHTS_DIR" in changed.advice
    (weights.weights_dir / "coarse").unlink()
    assert "coarse, fine" in check_model(weights).found


@pytest.mark.parametrize("metadata", ["", "[]", "{}", '{"version": "1", "networks": []}'])
def test_metadata_that_cannot_be_read_is_a_failure(weights, metadata):
    """And no fault of the program."""
    (weights.weights_dir / "metadata.json").write_text(metadata)

    assert check_model(weights).state == "failed"


def test_a_segmenter_that_is_not_there_names_its_setting(tmp_path):
    """A folder without a bundle."""
    assert "OSTEOCDS_SEGMENTER" in check_model(some_settings(segmenter=str(tmp_path))).advice


def test_calibrations_are_none_well_or_wrong(tmp_path):
    """The folder is read as the service reads it."""
    assert check_calibrations(some_settings(), NOW).state == "ok"
    assert check_calibrations(some_settings(calibration_dir=tmp_path), NOW).state == "ok"
    wrong = check_calibrations(some_settings(calibration_dir=tmp_path / "gone"), NOW)
    assert (wrong.state, "OSTEOCDS_CALIBRATION_DIR" in wrong.advice) == ("failed", True)


def test_an_unknown_population_names_those_that_are_known():
    """So that it can be mended at once."""
    assert check_population(some_settings()).state == "ok"
    wrong = check_population(some_settings(population="martians"))
    assert "mesa-chinese-american" in wrong.advice
    assert check_population(some_settings(population="mesa-chinese-american")).state == "ok"
