"""Mirrors cds/cli/retract.py and cds/cli/write_back.py: what an operator types, sees, and is refused."""

import pytest
from typer.testing import CliRunner

from cds.cli import app
from cds.retraction import Recall
from cds.settings import Settings
from cds.storage.assessments import SqlAssessmentStore
from cds.storage.outbox import SqlOutbox
from cds.storage.recalls import SqlRecalls
from cds.wiring.clock import SystemClock
from cds.wiring.records import open_records
from tests.support.assessments import a_result

RESULT = a_result()
WHY = ("--kind", "wrong-level", "--reason", "L1 was named T12", "--by", "Physicist B.")


@pytest.fixture
def osteocds(tmp_path, monkeypatch):
    """The command line on a site with one result on its way into a chart."""
    monkeypatch.setenv("OSTEOCDS_DATA_DIR", str(tmp_path / "site"))
    monkeypatch.setenv("OSTEOCDS_ARCHIVE_FOLDER", str(tmp_path))
    with open_records(Settings()) as engine:
        SqlAssessmentStore(engine, SystemClock()).keep(RESULT, b"{}")
        SqlOutbox(engine, SystemClock()).offer("north", RESULT.result_id)
    return lambda *words: CliRunner().invoke(app, words, env={"COLUMNS": "200"})


def shown() -> bool:
    """Whether the result is still there."""
    with open_records(Settings()) as engine:
        return SqlAssessmentStore(engine, SystemClock()).read(RESULT.result_id) is not None


def test_without_yes_nothing_is_changed(osteocds):
    """The plan is printed, with where the result is."""
    done = osteocds("retract", "--study", RESULT.assessment.acquisition.study_uid)

    assert done.exit_code == 0
    assert "north (waiting)" in done.stdout
    assert "nothing was changed" in done.stdout
    assert shown()


def test_with_yes_it_is_done_everywhere(osteocds):
    """And once: the second time nothing is meant any more."""
    done = osteocds("retract", "--result", RESULT.result_id, *WHY, "--yes")
    again = osteocds("retract", "--result", RESULT.result_id, *WHY, "--yes")

    assert done.exit_code == again.exit_code == 0
    assert "own store: withdrawn" in done.stdout
    assert "No result is meant" in again.stdout
    assert not shown()


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--from", "2026-01-01"),
        ("--result", "x", "--yes"),
        ("--result", "x", "--yes", "--kind", "wrong-level", "--reason", "why"),
        ("--model", " "),
    ],
)
def test_an_unclear_recall_is_refused(osteocds, words):
    """Nobody named, dates alone, or no reason: exit status 2, nothing touched."""
    assert osteocds("retract", *words).exit_code == 2
    assert shown()


def test_what_waits_is_listed_and_can_be_tried_again(osteocds):
    """Retrying what is not there is refused."""
    listed = osteocds("write-back", "list")

    assert RESULT.result_id in listed.stdout
    assert "waiting" in listed.stdout
    assert osteocds("write-back", "retry", RESULT.result_id).exit_code == 0
    assert osteocds("write-back", "retry", "another").exit_code == 2
    assert osteocds("write-back", "keys").exit_code == 2


def test_a_withdrawn_version_publishes_nothing_more_until_it_is_lifted(osteocds):
    """Also where no result of it is meant, and first of all; lifting needs the same words and a name."""
    version = ("--model-version", "another-net-2")
    dry = osteocds("retract", *version)
    with open_records(Settings()) as engine:
        before = SqlRecalls(engine).standing()
    done = osteocds("retract", *version, "--kind", "recalled-version", "--reason", "too low", "--by", "B.", "--yes")
    with open_records(Settings()) as engine:
        after = SqlRecalls(engine).standing()
    by_name = ("--lift", "--by", "B.", "--yes")
    refused = osteocds("retract", *version, "--lift"), osteocds("retract", "--model-version", "x", *by_name)
    lifted = osteocds("retract", *version, *by_name)
    with open_records(Settings()) as engine:
        at_last = SqlRecalls(engine).standing()

    assert "would be published" in dry.stdout
    assert "Nothing more is published" in done.stdout
    assert [each.recall for each in after] == [Recall(model_version="another-net-2")]
    assert (lifted.exit_code, *(each.exit_code for each in refused)) == (0, 2, 2)
    assert before == at_last == []
    assert shown()


def test_results_of_a_withdrawn_version_are_taken_back(osteocds):
    """All of them."""
    version = ("--model-version", RESULT.generation)
    done = osteocds("retract", *version, "--kind", "recalled-version", "--reason", "too low", "--by", "B.", "--yes")

    assert "own store: withdrawn" in done.stdout
    assert not shown()
