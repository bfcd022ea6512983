"""Mirrors cds/reviewing.py and cds/cli/review.py: what a reader decides, on real tables."""

import json

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from cds.bone.anatomy import VertebralLevel
from cds.cli import app
from cds.ports import Review
from cds.settings import Settings
from cds.storage.assessments import SqlAssessmentStore
from cds.storage.engine import open_engine
from cds.storage.migrate import migrate
from cds.storage.tables import audit, results
from cds.wiring.clock import SystemClock
from tests.support.assessments import MEASURED_AT, a_correctable, a_result

L1, L2, L3, T12 = (VertebralLevel(name) for name in ("L1", "L2", "L3", "T12"))
RESULT = a_result()
READER = "Dr. Ada Reader"


@pytest.fixture
def engine(tmp_path, monkeypatch):
    """A site with one result that nobody has read."""
    monkeypatch.setenv("OSTEOCDS_DATA_DIR", str(tmp_path))
    url = Settings().app_database_url
    migrate(url)
    engine = open_engine(url)
    SqlAssessmentStore(engine, SystemClock()).keep(RESULT, b"{}")
    yield engine
    engine.dispose()


def review(*arguments):
    """Run the command."""
    return CliRunner().invoke(app, ["review", RESULT.result_id, *arguments])


def stored(engine):
    """The stored row of the result."""
    with engine.connect() as connection:
        return connection.execute(select(results)).one()


def of_kind(bundle, kind):
    """The resources of a type."""
    return [e["resource"] for e in json.loads(bundle)["entry"] if e["resource"]["resourceType"] == kind]


def test_accepted_becomes_final_with_the_reader_named(engine):
    """Observations, report and a Provenance of the review; the Bundle is a new version."""
    done = review("--reader", READER, "--accept")
    bundle = stored(engine).bundle

    assert (done.exit_code, done.output) == (0, f"{RESULT.result_id}: accepted by {READER}, now final\n")
    named = [{"type": "Practitioner", "display": READER}]
    assert all((o["status"], o["performer"]) == ("final", named) for o in of_kind(bundle, "Observation"))
    assert [(r["status"], r["resultsInterpreter"]) for r in of_kind(bundle, "DiagnosticReport")] == [("final", named)]
    assert of_kind(bundle, "Provenance")[1]["agent"][0]["who"] == named[0]
    assert json.loads(bundle)["meta"]["versionId"] == "2"


def test_rejected_is_entered_in_error_and_names_no_performer(engine):
    """The reason is kept in the record, and the result is withdrawn."""
    done = review("--reader", READER, "--reject", "L2 is named too low.")
    row = stored(engine)

    assert done.exit_code == 0
    assert {o["status"] for o in of_kind(row.bundle, "Observation")} == {"entered-in-error"}
    assert b"performer" not in row.bundle
    assert b"resultsInterpreter" not in row.bundle
    assert row.withdrawn_why == "rejected by a reader: L2 is named too low."
    assert review("--reader", READER, "--accept").exit_code == 2


def test_the_same_said_again_changes_nothing(engine):
    """One review, one audit row that names the reader."""
    review("--reader", READER, "--accept")
    before = stored(engine)
    again = review("--reader", READER, "--accept")

    with engine.connect() as connection:
        told = connection.execute(select(audit.c.event, audit.c.outcome, audit.c.caller)).all()
    assert again.exit_code == 0
    assert stored(engine) == before
    assert told == [("result-reviewed", "accepted", READER)]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--reader", READER),
        ("--reader", READER, "--accept", "--reject", "both"),
        ("--reader", " ", "--accept"),
        ("--reader", READER, "--reject", " "),
        ("--accept",),
    ],
)
def test_a_decision_needs_one_reader_and_one_meaning(engine, arguments):
    """Refused with exit status 2, and nothing changes."""
    assert review(*arguments).exit_code == 2
    assert stored(engine).bundle == b"{}"


def test_a_vertebra_is_left_out(engine):
    """The value is computed anew, and said; what cannot be corrected is told, and nothing changes."""
    other = a_result(assessment=a_correctable({T12: 80, L1: 82, L2: 98, L3: 84}), result_id="correctable")
    SqlAssessmentStore(engine, SystemClock()).keep(other, b"{}")
    correct = ("--reader", READER, "--leave-out", "L2=fracture", "--because", "Old wedge.")

    done = CliRunner().invoke(app, ["review", "correctable", *correct])
    assert (done.exit_code, done.output) == (
        0,
        f"correctable: corrected by {READER}, now corrected: 83 mg/cm3 from L1, L3\n",
    )
    refused = review(*correct)
    assert refused.exit_code == 2
    assert "reject or retract it instead" in refused.output


@pytest.mark.parametrize(
    "arguments",
    [
        ("--leave-out", "L2=fracture"),
        ("--leave-out", "L2=fracture", "--because", " "),
        ("--leave-out", "L2", "--because", "So."),
        ("--leave-out", "L2=lesion", "--leave-out", "L2=outline", "--because", "So."),
        ("--leave-out", "S1=fracture", "--because", "So."),
        ("--rename", "2", "--because", "So."),
        ("--rename", "1", "--accept", "--because", "So."),
        ("--accept", "--because", "So."),
    ],
)
def test_a_correction_needs_its_reason_and_a_vertebra(engine, arguments):
    """Refused with exit status 2, and nothing changes."""
    assert review("--reader", READER, *arguments).exit_code == 2
    assert stored(engine).bundle == b"{}"


@pytest.mark.usefixtures("engine")
def test_an_unknown_result_is_told():
    """Exit status 2, one line."""
    done = CliRunner().invoke(app, ["review", "no-such-result", "--reader", READER, "--accept"])

    assert done.exit_code == 2
    assert "there is no result no-such-result" in done.output


def test_a_database_that_was_never_prepared_is_told(tmp_path, monkeypatch):
    """Rather than a traceback about a missing table."""
    monkeypatch.setenv("OSTEOCDS_DATA_DIR", str(tmp_path))

    done = review("--reader", READER, "--accept")

    assert done.exit_code == 2
    assert "osteocds serve" in done.output


@pytest.mark.parametrize(("reader", "reason"), [(" ", "why"), ("Dr. A", None), ("Dr. A", " ")])
def test_no_review_without_reader_and_no_rejection_without_reason(reader, reason):
    """Wherever it comes from."""
    with pytest.raises(ValueError, match="named reader"):
        Review(reader, "rejected", MEASURED_AT, reason=reason)
