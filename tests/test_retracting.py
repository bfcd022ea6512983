"""Mirrors cds/retracting.py, cds/storage/retractions.py and cds/result_places.py, on both databases."""

from dataclasses import dataclass, field
from datetime import date

import pytest

from cds.errors import ArchiveUnavailable
from cds.ports import NothingFound, ShownCard
from cds.recalling import matches, uses_file
from cds.reporting.bundle import FhirPublisher
from cds.result_places import Charts, Images
from cds.retracting import Retracting, Verdict
from cds.retraction import KINDS, Recall, Retraction
from cds.storage.assessments import SqlAssessmentStore
from cds.storage.engine import open_engine
from cds.storage.migrate import migrate
from cds.storage.outbox import SqlOutbox
from cds.storage.regions import SqlRegionStore
from cds.storage.retractions import SqlRetractionNotices, SqlRetractions
from tests.support.assessments import a_calibration, a_key, a_result, an_acquisition, an_assessment, scanned_on
from tests.support.clock import SettableClock
from tests.support.databases import a_database_with
from tests.support.fakes import FakeAudit
from tests.support.telling import tell

RESULT = a_result()
ID = RESULT.result_id
VERDICT = Verdict("wrong-level", "L1 was named T12", "Physicist B.")


@dataclass
class FakeRejection:
    """An archive that may be away, and has what it was told to have."""

    away: bool = False
    rejected: list[tuple[str, str]] = field(default_factory=list)

    def reject(self, result, why):
        """Note it."""
        if self.away:
            raise ArchiveUnavailable("the archive did not answer")
        self.rejected.append((result.result_id, why))
        return True


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request, tmp_path):
    """On both databases."""
    with a_database_with(migrate, request.param, tmp_path) as url:
        engine = open_engine(url)
        yield engine
        engine.dispose()


@pytest.fixture
def archive():
    """It answers."""
    return FakeRejection()


@pytest.fixture
def retracting(engine, archive):
    """One result; its chart is on the way."""
    clock = SettableClock()
    SqlAssessmentStore(engine, clock).keep(RESULT, b"{}")
    outbox = SqlOutbox(engine, clock)
    outbox.offer("north", ID)
    places = (Charts(outbox), Images(archive, SqlRegionStore(engine, clock)))
    return Retracting(SqlRetractions(engine), FhirPublisher("Investigational."), places, FakeAudit(), clock)


def test_a_plan_changes_nothing(engine, retracting):
    """It names the result, who saw it, and where it is."""
    store = SqlAssessmentStore(engine, SettableClock())
    tell(engine, SettableClock(), a_key(), shown=a_card())

    (planned,) = retracting.plan(Recall(result_id=ID))

    assert planned.result == RESULT
    assert planned.seen_by == 1
    assert planned.places[0] == "charts: north (waiting)"
    assert store.read(ID) == RESULT


def test_a_retracted_result_is_gone_everywhere_and_for_good(engine, retracting, archive):
    """Not shown, not measured back, its chart told, its objects rejected, with audit rows; a repeat changes nothing."""
    store = SqlAssessmentStore(engine, SettableClock())
    done = retracting.retract(RESULT, VERDICT)
    again = retracting.retract(RESULT, VERDICT)

    assert done[0] == "own store: withdrawn"
    assert again == ("it was taken back before",)
    assert archive.rejected == [(ID, "patient-safety")]
    assert [row[0] for row in retracting.audit.rows] == ["result-retracted"] * 3
    store.keep(RESULT, b"{}")
    assert store.read(ID) is store.bundle(ID) is None
    assert isinstance(store.latest(a_key()), NothingFound)
    assert not list(retracting.plan(Recall(result_id=ID)))


def test_what_could_not_be_told_is_told_later(retracting, archive):
    """By a worker, again and again until it worked; then never again."""
    archive.away = True
    done = retracting.retract(RESULT, VERDICT)
    assert "not yet" in done[-1]
    retracting.finish()
    archive.away = False
    retracting.finish()
    retracting.finish()

    assert archive.rejected == [(ID, "patient-safety")]
    assert not retracting.retractions.unfinished()


def test_a_withdrawn_result_can_be_taken_back(engine, retracting):
    """Copies of it may be elsewhere."""
    SqlAssessmentStore(engine, SettableClock()).withdraw(ID, "the study is gone")

    assert [each.result.result_id for each in retracting.plan(Recall(result_id=ID))] == [ID]


def test_who_saw_a_card_is_told_once(engine, retracting):
    """Not who saw none; the same call asked again is told again; another patient's call never."""
    clock = SettableClock()
    notices = SqlRetractionNotices(engine)
    tell(engine, clock, a_key(), shown=a_card())
    assert not notices.due(a_key(), "ehr Practitioner/7", "call-1")
    retracting.retract(RESULT, VERDICT)

    (retraction,) = notices.due(a_key(), "ehr Practitioner/7", "call-1")
    assert retraction.told == "the vertebrae were named wrongly: L1 was named T12"
    tell(engine, clock, a_key(), retracted=[retraction], user="ehr Practitioner/7", call="call-1")

    assert notices.due(a_key(), "ehr Practitioner/7", "call-1")
    assert not notices.due(a_key(), "ehr Practitioner/7", "call-2")
    assert not notices.due(a_key(), "ehr Practitioner/8", "call-2")
    assert not notices.due(a_key(), None, "call-2")
    assert not notices.due(a_key("PAT-0002"), "ehr Practitioner/7", "call-1")
    assert notices.of(ID) == retraction
    assert notices.of("another") is None


SITE = a_calibration(scanner="site", source="phantom B-MAS 200 of 2026-01-02 (north-ct1.json, 1a2b3c4d5e6f)")
STATION = {"station_name": "CT1", "device_serial_number": "4711"}


@pytest.mark.parametrize(
    ("recall", "meant"),
    [
        ({"study_uid": an_acquisition().study_uid}, True),
        ({"study_uid": "1.2.3"}, False),
        ({"manufacturer": "ge medical systems ", "model": "LightSpeed VCT"}, True),
        ({"manufacturer": "GE MEDICAL SYSTEMS", "model": "Revolution"}, False),
        ({"station": "ct1"}, True),
        ({"station": "4711"}, True),
        ({"station": "CT2"}, False),
        ({"calibration_file": "north-ct1.json"}, True),
        ({"calibration_file": "ct1.json"}, False),
        ({"model_version": "spine-net-1"}, True),
        ({"model_version": "spine-net-2"}, False),
        ({"model": "LightSpeed VCT", "scanned_from": date(2025, 9, 14), "scanned_until": date(2025, 9, 14)}, True),
        ({"model": "LightSpeed VCT", "scanned_from": date(2025, 9, 15)}, False),
        ({"model": "LightSpeed VCT", "scanned_until": date(2025, 9, 13)}, False),
    ],
)
def test_all_that_a_recall_names_must_hold(recall, meant):
    """Names of scanners are compared as DICOM means them, everything else exactly."""
    assessment = an_assessment(acquisition=an_acquisition(**STATION), calibration=SITE)

    assert matches(Recall(**recall), a_result(assessment=assessment)) == (meant, "")


def test_what_is_not_on_record_may_be_meant_and_is_said():
    """A station or day that nobody knows cannot rule a result out."""
    unknown = a_result(assessment=scanned_on(None))

    assert matches(Recall(station="CT1", scanned_from=date(2025, 1, 1)), unknown) == (
        True,
        "which station it was is not on record; the day of the scan is not known",
    )


@pytest.mark.parametrize(
    "recall",
    [
        {},
        {"scanned_from": date(2025, 1, 1)},
        {"result_id": " "},
        {"model": "X", "scanned_from": date(2025, 2, 1), "scanned_until": date(2025, 1, 1)},
    ],
)
def test_a_recall_of_everybody_is_refused(recall):
    """Dates alone, nothing, or days in the wrong order."""
    with pytest.raises(ValueError, match=r"recall|empty|first day"):
        Recall(**recall)


def test_nothing_is_taken_back_without_a_name_and_a_reason():
    """Whoever reads it later has to know."""
    at = SettableClock().now()
    for by, reason in ((" ", "why"), ("who", " ")):
        with pytest.raises(ValueError, match="retraction"):
            Retraction(ID, "wrong-level", reason, by, at)
    assert all(Retraction(ID, kind, "why", "who", at).told.endswith(": why") for kind in KINDS)


def test_a_file_is_named_exactly():
    """As calibrations name it; a part of the name is another file."""
    assert uses_file(SITE.source, "north-ct1.json")
    assert not uses_file(SITE.source, "ct1.json")
    assert not uses_file("", "")


def a_card(user="ehr Practitioner/7"):
    """A card of the result, as this user was shown it."""
    return ShownCard("card", ID, "finding", user, "osteocds-order-sign", "call-0")
