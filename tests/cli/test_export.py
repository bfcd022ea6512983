"""Mirrors cds/cli/export.py: files for people without a FHIR client."""

import csv
import json

import pytest
from typer.testing import CliRunner

from cds.cli import app
from tests.support.assessments import a_key
from tests.support.registry_site import RegistrySite


@pytest.fixture
def site(tmp_path, monkeypatch):
    """Two patients, and the settings of their service."""
    site = RegistrySite(tmp_path / "site", f"sqlite:///{tmp_path / 'results.db'}")
    site.keep(1)
    site.keep(2, key=a_key("=2+5"))
    for name, value in {
        "DATA_DIR": site.folder,
        "DATABASE_URL": site.database_url,
        "IDENTIFIER_SYSTEM": "http://hospital.example.org/patients",
    }.items():
        monkeypatch.setenv(f"OSTEOCDS_{name}", str(value))
    yield site
    site.engine.dispose()


def run(*words):
    """One call of the command."""
    return CliRunner().invoke(app, ["export", *map(str, words)])


@pytest.mark.usefixtures("site")
def test_ndjson_has_a_file_for_each_type(tmp_path):
    """With every resource, as stored."""
    told = run("--out", tmp_path / "out")

    assert told.exit_code == 0, told.output
    assert "17 resources" in told.output
    lines = (tmp_path / "out" / "Observation.ndjson").read_text().splitlines()
    assert len({json.loads(line)["id"] for line in lines}) == 8
    assert not list((tmp_path / "out").glob(".*"))


@pytest.mark.usefixtures("site")
def test_csv_has_a_row_for_each_observation(tmp_path):
    """Values, interval, category, flags; nothing that a spreadsheet would compute."""
    told = run("--format", "csv", "--out", tmp_path / "out.csv")

    assert told.exit_code == 0, told.output
    rows = list(csv.DictReader((tmp_path / "out.csv").read_text().splitlines()))
    whole = [row for row in rows if row["measured"] == "patient-vbmd"]
    assert len(rows) == 8
    assert {row["patient_identifier"] for row in whole} == {"P1", "'=2+5"}
    assert whole[0]["vbmd_mg_cm3"] == "70.1"
    assert (whole[0]["ci95_low"], whole[0]["category"]) == ("64.9", "osteoporosis-range")
    assert whole[0]["quality_flag"] == "scanner-not-calibrated near-80"
    assert whole[0]["z_score"] == "-0.8"


def test_an_export_goes_on_from_where_the_last_one_told(site, tmp_path):
    """Its moment is in what it says."""
    since = run("--out", tmp_path / "first").output.split()[-1]
    site.keep(3)
    run("--format", "csv", "--out", tmp_path / "second.csv", "--since", since)

    rows = list(csv.DictReader((tmp_path / "second.csv").read_text().splitlines()))
    assert {row["patient_identifier"] for row in rows} == {"P3"}
    assert len(rows) == 4


@pytest.mark.usefixtures("site")
@pytest.mark.parametrize("profile", ["safe-harbor", "site"])
def test_deidentified_files_need_a_secret_and_identify_nobody(tmp_path, profile):
    """Neither does a message."""
    without = run("--out", tmp_path / "out", "--deidentify", profile)
    (tmp_path / "secret").write_text("s" * 40)
    told = run("--out", tmp_path / "out", "--deidentify", profile, "--pseudonym-secret", tmp_path / "secret")

    assert without.exit_code == 2
    assert told.exit_code == 0, told.output
    text = "".join(file.read_text() for file in (tmp_path / "out").glob("*.ndjson"))
    for word in ("P1", "=2+5", "HOSPITAL", "2025-09-14", "1.2.826"):
        assert word not in text
    assert not (tmp_path / "out" / "Provenance.ndjson").exists()


@pytest.mark.usefixtures("site")
def test_a_place_that_cannot_be_written_is_unusable_input(tmp_path):
    """Told before anything is begun."""
    (tmp_path / "file").write_text("")

    assert run("--out", tmp_path / "file" / "below").exit_code == 2
