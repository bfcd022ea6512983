"""`osteocds feedback` in this process: rates and reasons, and nothing that a user wrote."""

import json
from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from cds.cli import app
from cds.cli.feedback import NO_REASON, ServiceMonth, service_months
from cds.ct.patient import PatientKey
from cds.ports import CardFeedback, FeedbackCount, ShownCard
from cds.settings import Settings
from cds.storage.engine import open_engine
from cds.storage.feedback import SqlFeedbackLog
from cds.storage.migrate import migrate
from tests.support.clock import SettableClock
from tests.support.telling import tell

SIGN = "osteocds-order-sign"
SECRET = "Secretname does not want it"


@pytest.fixture(autouse=True)
def site(tmp_path, monkeypatch):
    """A site that showed four cards in March; three were reacted to."""
    monkeypatch.setenv("OSTEOCDS_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "120")
    clock, at = SettableClock(), datetime(2026, 3, 2, 10, tzinfo=UTC)
    migrate(Settings().app_database_url)
    engine = open_engine(Settings().app_database_url)
    for number in range(4):
        shown = ShownCard(f"card-{number}", f"result-{number}", "finding", "Practitioner/1", SIGN)
        tell(engine, clock, PatientKey("default", f"PAT-{number}"), shown=shown)
    items = [
        CardFeedback("card-0", "accepted", at, accepted=("s",)),
        CardFeedback("card-1", "overridden", at, reason_code="later", comment=SECRET),
        CardFeedback("card-2", "overridden", at, comment=SECRET),
    ]
    SqlFeedbackLog(engine, clock).keep(SIGN, "https://ehr.example.org", items)
    engine.dispose()


def feedback(*arguments):
    """Run the command."""
    return CliRunner().invoke(app, ["feedback", *map(str, arguments)])


def test_the_table_has_rates_and_reasons():
    """Month, service, cards, both outcomes, acceptance among reactions, reasons; no comment, no patient."""
    done = feedback()

    assert done.exit_code == 0, done.output
    (line,) = [line for line in done.stdout.splitlines() if SIGN in line]
    assert line.split()[:7] == ["2026-03", SIGN, "4", "1", "2", "33", "%"]
    assert "1 later" in done.stdout
    assert f"1 {NO_REASON}" in done.stdout
    assert "Secretname" not in done.output
    assert "PAT-" not in done.output


def test_the_same_as_json(tmp_path):
    """On standard output, or in a file."""
    printed, written = feedback("--json", "-"), feedback("--json", tmp_path / "report.json")

    report = json.loads(printed.stdout)
    assert report == {
        "schema_version": 1,
        "services": [
            {
                "month": "2026-03",
                "service": SIGN,
                "cards_shown": 4,
                "accepted": 1,
                "overridden": 2,
                "acceptance_percent": 33.3,
                "override_reasons": {"later": 1, NO_REASON: 1},
            }
        ],
    }
    assert written.exit_code == 0
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8")) == report


def test_a_file_that_cannot_be_written_is_status_2(tmp_path):
    """The folder is missing."""
    done = feedback("--json", tmp_path / "missing" / "report.json")

    assert done.exit_code == 2
    assert "cannot be written" in done.stderr


def test_months_without_feedback_or_without_cards_are_lines_too():
    """Newest first; what is not known is not zero."""
    lines = service_months(
        [FeedbackCount("2026-04", SIGN, "accepted", None, 2)], {("2026-03", SIGN): 9, ("2026-03", "a-service"): 1}
    )

    assert lines == [
        ServiceMonth("2026-04", SIGN, None, accepted=2),
        ServiceMonth("2026-03", "a-service", 1),
        ServiceMonth("2026-03", SIGN, 9),
    ]
    assert [line.acceptance_percent for line in lines] == [100.0, None, None]


def test_before_the_first_start_there_is_nothing_to_tell(tmp_path, monkeypatch):
    """An empty report, not an error."""
    monkeypatch.setenv("OSTEOCDS_DATA_DIR", str(tmp_path / "new"))

    done = feedback()

    assert done.exit_code == 0
    assert "No cards were shown" in done.stdout
