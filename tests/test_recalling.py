"""The story of `cds.recalling`: what was withdrawn publishes nothing more, on both databases."""

from dataclasses import replace
from datetime import date

import pytest

from cds.errors import VersionWithdrawn
from cds.recalling import Recalling, refuse_withdrawn
from cds.retraction import Recall, StandingRecall
from cds.storage.engine import open_engine
from cds.storage.migrate import migrate
from cds.storage.recalls import SqlRecalls
from tests.support.assessments import GENERATION, MEASURED_AT, a_calibration, a_result, an_assessment
from tests.support.clock import SettableClock
from tests.support.databases import a_database_with
from tests.support.fakes import FakeAudit

VERSION = GENERATION.partition("+")[0]
WHY = ("recalled-version", "it reads too low", "Physicist B.")


@pytest.fixture(params=["sqlite", "postgresql"])
def recalling(request, tmp_path):
    """Nothing withdrawn yet."""
    with a_database_with(migrate, request.param, tmp_path) as url:
        engine = open_engine(url)
        yield Recalling(SqlRecalls(engine), FakeAudit(), SettableClock(MEASURED_AT))
        engine.dispose()


def of_file(name):
    """A result that was calibrated by this coefficient file."""
    calibration = a_calibration(source=f"phantom X of 2026-01-01 ({name}, 1a2b3c4d5e6f)")
    return a_result(assessment=replace(an_assessment(), calibration=calibration))


def test_a_withdrawn_version_is_refused_until_that_is_lifted(recalling):
    """With who, when and why; once, however often it is said."""
    recall = Recall(model_version=VERSION)
    refuse_withdrawn(recalling.recalls, GENERATION, a_result())
    done = [recalling.withdraw(recall, *WHY) for _ in range(2)]
    with pytest.raises(VersionWithdrawn, match=f"'{VERSION}' was withdrawn on 20.*by Physicist B.: it reads too low"):
        refuse_withdrawn(recalling.recalls, GENERATION)
    refuse_withdrawn(recalling.recalls, "another-net-2+tables-1")
    lifted = [recalling.lift(recall, "Physicist B.") for _ in range(2)]
    refuse_withdrawn(recalling.recalls, GENERATION, a_result())

    assert (done, lifted) == ([True, False], [True, False])
    assert [row[0::2] for row in recalling.audit.rows] == [
        ("version-withdrawn", "recalled-version"),
        ("version-withdrawn", "lifted"),
    ]


def test_a_withdrawn_coefficient_file_is_refused_where_it_was_used(recalling):
    """Which scanner it calibrates is known once a CT is measured; other files are not concerned."""
    recalling.withdraw(Recall(calibration_file="scanner.json"), *WHY)
    refuse_withdrawn(recalling.recalls, GENERATION)
    refuse_withdrawn(recalling.recalls, GENERATION, of_file("scanner-2.json"))

    with pytest.raises(VersionWithdrawn, match=r"calibration file 'scanner\.json'"):
        refuse_withdrawn(recalling.recalls, GENERATION, of_file("scanner.json"))


def test_what_is_narrowed_stays_narrow(recalling):
    """A version withdrawn for scans until a day measures later ones, and is not refused before anything is known."""
    recalling.withdraw(Recall(model_version=VERSION, scanned_until=date(2020, 1, 1)), *WHY)

    refuse_withdrawn(recalling.recalls, GENERATION, a_result())


@pytest.mark.parametrize(
    "recall",
    [
        Recall(result_id="r"),
        Recall(study_uid="1.2", model_version=VERSION),
        Recall(manufacturer="Maker", station="CT1"),
    ],
    ids=["one result", "one study", "one scanner"],
)
def test_a_recall_of_results_alone_withdraws_no_version(recalling, recall):
    """They are taken back, and that is all."""
    assert not recalling.withdraw(recall, *WHY)
    assert recalling.recalls.standing() == []


def test_what_is_withdrawn_is_kept_as_it_was_said(recalling):
    """Days included."""
    recall = Recall(model_version=VERSION, manufacturer="Maker", scanned_from=date(2024, 2, 29))
    recalling.withdraw(recall, *WHY)

    assert recalling.recalls.standing() == [StandingRecall(recall, *WHY, MEASURED_AT)]
