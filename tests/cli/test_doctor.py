"""`osteocds doctor` in this process: lines, JSON, exit status, and that nothing is changed."""

import json
import subprocess
import sys

import pytest
import structlog
from typer.testing import CliRunner

from cds.cli import app

SECRET = "correct-horse-battery"


@pytest.fixture(autouse=True)
def site(tmp_path, monkeypatch):
    """A site that could start: a folder as archive, nobody but this machine."""
    archive = tmp_path / "archive"
    archive.mkdir()
    (archive / "image").write_bytes(b"whatever")
    for name, value in {
        "DATA_DIR": str(tmp_path / "data"),
        "IDENTIFIER_SYSTEM": "urn:oid:1.2.3",
        "ARCHIVE_SINGLE_ISSUER": "true",
        "ARCHIVE_FOLDER": str(archive),
        "CLIENT_AUTH": "off",
        "PORT": "0",
    }.items():
        monkeypatch.setenv(f"OSTEOCDS_{name}", value)
    return tmp_path


def run(*arguments):
    """Run the command."""
    try:
        return CliRunner().invoke(app, ["doctor", *arguments])
    finally:
        structlog.reset_defaults()


def test_a_site_that_could_start_has_warnings_and_status_0(site):
    """Nothing was made: no folder, no database, no secret."""
    done = run()

    assert done.exit_code == 0, done.output
    assert "ok       archive: the folder" in done.stdout
    assert "warning  application database:" in done.stdout
    assert "-> start `osteocds serve`" in done.stdout
    assert not (site / "data").exists()


def test_a_failure_is_status_1_with_what_to_do(monkeypatch):
    """Among all other findings."""
    monkeypatch.setenv("OSTEOCDS_IDENTIFIER_SYSTEM", "")
    done = run()

    assert done.exit_code == 1
    assert "FAILED   identity:" in done.stdout
    assert "-> OSTEOCDS_IDENTIFIER_SYSTEM" in done.stdout
    assert "ok       model:" in done.stdout


def test_programs_get_json_and_nothing_else(site):
    """Standard output is one document; a file holds the same."""
    done = run("--json", "-")
    told = json.loads(done.stdout)
    run("--json", str(site / "findings.json"))

    assert told["healthy"] is True
    assert {each["state"] for each in told["findings"]} == {"ok", "warning"}
    assert {"settings", "disk", "clock", "workers", "clients"} <= {each["check"] for each in told["findings"]}
    assert [each["check"] for each in json.loads((site / "findings.json").read_text())["findings"]] == [
        each["check"] for each in told["findings"]
    ]


def test_settings_that_cannot_be_read_are_the_only_finding(monkeypatch):
    """Named without their values."""
    monkeypatch.setenv("OSTEOCDS_PORT", SECRET)
    done = run()

    assert done.exit_code == 1
    assert done.stdout.startswith("FAILED   settings: OSTEOCDS_PORT")
    assert SECRET not in done.output
    assert len(done.stdout.splitlines()) == 2


def test_a_misspelt_variable_is_told_with_what_was_meant(monkeypatch):
    """Its name, and never its value; also where another setting is the reason that nothing was looked at."""
    monkeypatch.setenv("OSTEOCDS_PROT", SECRET)
    told = run()
    monkeypatch.setenv("OSTEOCDS_PORT", "none")
    also = run()

    said = "warning  settings: no such setting, not read: OSTEOCDS_PROT (OSTEOCDS_PORT is meant?)"
    assert told.exit_code == 0
    assert said in told.stdout
    assert said in also.stdout
    assert SECRET not in told.output + also.output


def test_no_secret_is_printed(site, monkeypatch):
    """Of a database URL, a link secret or a token."""
    (site / "secret").write_text(SECRET)
    monkeypatch.setenv("OSTEOCDS_DATABASE_URL", f"postgresql://osteocds:{SECRET}@127.0.0.1:1/osteocds")
    monkeypatch.setenv("OSTEOCDS_LINK_SECRET_FILE", str(site / "secret"))
    monkeypatch.setenv("OSTEOCDS_METRICS_TOKEN_FILE", str(site / "secret"))
    done = run()

    assert done.exit_code == 1
    assert SECRET not in done.output


def test_an_output_that_cannot_be_written_is_status_2(site):
    """As with every command."""
    assert run("--json", str(site / "nowhere" / "findings.json")).exit_code == 2


def test_it_needs_no_tensor_library():
    """So it answers within a second or two, also where torch is what is broken."""
    code = "import sys, cds.cli.doctor; sys.exit('torch' in sys.modules or 'monai' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
