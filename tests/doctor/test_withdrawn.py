"""Mirrors cds/doctor/withdrawn.py."""

import json

import pytest

from cds.doctor.withdrawn import check_withdrawn
from cds.inference.generation import current_generation
from cds.retraction import Recall, StandingRecall
from cds.storage.engine import open_engine
from cds.storage.migrate import migrate
from cds.storage.recalls import SqlRecalls
from tests.support.clock import SettableClock
from tests.support.coefficient_files import FILTRATION
from tests.support.hook_site import some_settings


@pytest.fixture
def settings(tmp_path):
    """A site with one coefficient file, before its first start."""
    (tmp_path / "calibrations").mkdir()
    (tmp_path / "calibrations" / "scanner.json").write_text(json.dumps(FILTRATION))
    return some_settings(data_dir=tmp_path / "data", calibration_dir=tmp_path / "calibrations")


@pytest.fixture
def found(settings):
    """What doctor finds on the prepared site once this is withdrawn."""
    settings.data_dir.mkdir()
    migrate(settings.app_database_url)

    def found(*recalls):
        engine, clock = open_engine(settings.app_database_url), SettableClock()
        for each in recalls:
            SqlRecalls(engine).keep(StandingRecall(each, "recalled-version", "it reads too low", "B.", clock.now()))
        engine.dispose()
        return check_withdrawn(settings, clock)

    return found


def test_what_is_withdrawn_and_not_in_use_is_well(found):
    """Another version, another file."""
    assert found().state == "ok"
    assert found(Recall(model_version="another-net"), Recall(calibration_file="old.json")).state == "ok"


@pytest.mark.parametrize("which", ["version", "file"])
def test_what_is_withdrawn_and_in_use_is_told_with_its_reason(found, which):
    """And what to do."""
    version = current_generation(None).name.split("/")[0]
    recall = Recall(model_version=version) if which == "version" else Recall(calibration_file="scanner.json")
    finding = found(recall)

    assert finding.state == "failed"
    assert "it reads too low" in finding.found
    assert "--lift" in finding.advice


def test_before_the_first_start_nothing_is_withdrawn_as_far_as_anyone_knows(settings):
    """And nothing is made."""
    assert check_withdrawn(settings, SettableClock()).state == "warning"
    assert not settings.data_dir.exists()
