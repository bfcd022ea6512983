"""`osteocds screen` and `osteocds forget` in this process, on a folder of simulated headers."""

import csv

import pytest
import structlog
from typer.testing import CliRunner

from cds.cli import app
from cds.ct.patient import PatientKey
from cds.durable.queue import DbosScreeningQueue
from cds.settings import Settings
from cds.storage.engine import open_engine
from cds.storage.opt_outs import SqlOptOuts
from cds.wiring.clock import SystemClock
from cds.wiring.sweeping import generation_name
from tests.support.clock import SettableClock
from tests.support.dicom_builder import a_patient, a_series, edit_all, written

DAYS = (
    "--from",
    "2026-01-01",
    "--to",
    "2026-01-10",
    "--per-hour",
    "1000000",
    "--requests-per-s",
    "1000",
    "--ahead",
    "9",
)


@pytest.fixture(autouse=True)
def site(tmp_path, monkeypatch):
    """Three patients, each with a study on another day of January; the third of another issuer."""
    for number, issuer in ((1, "HOSPITAL"), (2, "HOSPITAL"), (3, "ELSEWHERE")):
        uid = f"1.2.3.{number}"
        series = a_series(study_uid=uid, series_uid=f"{uid}.1", patient=a_patient(f"PAT-000{number}", issuer=issuer))
        paths = written(tmp_path / "archive" / str(number), series)
        for path in paths[1:]:
            path.unlink()
        edit_all(paths[:1], StudyDate=f"2026010{number}", SeriesDate="", AcquisitionDate="")
    monkeypatch.setenv("OSTEOCDS_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("OSTEOCDS_ARCHIVE_FOLDER", str(tmp_path / "archive"))
    monkeypatch.setenv("OSTEOCDS_ARCHIVE_ISSUER", "HOSPITAL")
    monkeypatch.setenv("OSTEOCDS_MAX_SCAN_AGE_DAYS", "none")
    monkeypatch.setenv("COLUMNS", "100")


def run(*arguments):
    """Run a command."""
    try:
        return CliRunner().invoke(app, list(arguments))
    finally:
        structlog.reset_defaults()


def state_of(patient_id):
    """Where the queue has a patient."""
    settings = Settings()
    queue = DbosScreeningQueue(settings.durable_database_url, generation_name(settings), SystemClock())
    try:
        return queue.state(PatientKey("default", patient_id, "HOSPITAL")).state
    finally:
        queue.close()


def test_an_archive_is_queued_and_then_known():
    """Counts on standard output, progress as plain lines on standard error, and nobody's identifier in either."""
    first, again = run("screen", *DAYS), run("screen", *DAYS)

    assert first.exit_code == 0, first.output
    assert first.stdout.startswith("2 queued, 0 known, 0 opted-out, 1 refused, 0 failed-before")
    assert "10 of 10" in first.stderr
    assert "studies/h" in first.stderr
    assert again.stdout.startswith("0 queued, 2 known, 0 opted-out, 1 refused, 0 failed-before")
    assert state_of("PAT-0001") == state_of("PAT-0002") == "queued"
    assert "PAT-" not in first.output + again.output


def test_a_list_of_patients_and_an_opt_out(tmp_path):
    """These alone; who has opted out is not queued."""
    listed = tmp_path / "patients.csv"
    with listed.open("w", newline="") as file:
        csv.writer(file).writerows([["patient_id"], ["PAT-0001"], ["PAT-0002"]])
    run("opt-out", "add", "PAT-0002")
    done = run("screen", *DAYS, "--patients", str(listed))

    assert done.stdout.startswith("1 queued, 0 known, 1 opted-out, 0 refused")
    assert state_of("PAT-0002") == "none"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--from", "2026-01-02", "--to", "2026-01-01"), "the first day lies after the last"),
        ((*DAYS, "--between", "8-17"), "HH:MM-HH:MM"),
    ],
)
def test_what_cannot_be_meant_is_refused(arguments, words):
    """Status 2, and what to write instead."""
    refused = run("screen", *arguments)

    assert refused.exit_code == 2
    assert words in refused.stderr


def test_an_archive_without_a_known_issuer_is_not_swept(monkeypatch):
    """A key that could mean two patients is never made."""
    monkeypatch.delenv("OSTEOCDS_ARCHIVE_ISSUER")
    refused = run("screen", *DAYS)

    assert refused.exit_code == 2
    assert "OSTEOCDS_ARCHIVE_ISSUER" in refused.stderr


def test_a_patient_is_forgotten_by_everything(tmp_path):
    """First it is shown, then done; not a byte of the identifier is left in any file of the databases."""
    run("screen", *DAYS)
    shown, done = run("forget", "PAT-0001"), run("forget", "PAT-0001", "--yes")
    files = [path for path in (tmp_path / "data").rglob("*.db*") if path.is_file()]

    assert "Nothing was changed" in shown.stdout
    assert "bulk exports" in shown.stdout
    assert "queue" in shown.stdout
    assert done.exit_code == 0, done.output
    assert len(files) >= 2
    assert [path.name for path in files if b"PAT-0001" in path.read_bytes()] == []
    assert any(b"PAT-0002" in path.read_bytes() for path in files)
    assert state_of("PAT-0001") == "none"
    assert "PAT-0001" not in shown.output + done.output


def test_a_wish_not_to_be_looked_at_outlives_forgetting():
    """It is told that it stays."""
    run("opt-out", "add", "PAT-0001")
    done = run("forget", "PAT-0001", "--yes")
    engine = open_engine(Settings().app_database_url)
    stays = SqlOptOuts(engine, SettableClock()).has_opted_out(PatientKey("default", "PAT-0001", "HOSPITAL"))
    engine.dispose()

    assert "The opt-out stays" in done.stdout
    assert stays
