"""Mirrors cds/storage/corrections.py and cds/correcting.py: on real tables, with the rendering that charts get."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from cds.bone.anatomy import VertebralLevel
from cds.bone.corrected_column import Change
from cds.correcting import Correcting
from cds.correction import CorrectionImpossible
from cds.errors import ResultUnknown, ReviewOvertaken
from cds.ports import NothingFound
from cds.reader import Reader
from cds.reporting.bundle import FhirPublisher
from cds.reviewing import Reviewing
from cds.storage.assessments import CORRECTED, SqlAssessmentStore
from cds.storage.audit_log import SqlAuditLog
from cds.storage.corrections import SqlCorrections
from cds.storage.history import SqlPatientHistory
from cds.storage.registry_tables import resources
from cds.storage.reviews import SqlReviews
from cds.storage.tables import audit, corrections
from tests.support.assessments import MEASURED_AT, a_correctable, a_key, a_result, an_assessment

L1, L2, L3, T12 = (VertebralLevel(name) for name in ("L1", "L2", "L3", "T12"))
EHR = "https://ehr.example.org/r4"
READER, REASON = "Dr. Ada Reader", "Old wedge fracture."
WITHOUT_L2 = Change(((L2, "fracture"),))
RESULT = a_result(assessment=a_correctable({T12: 80, L1: 82, L2: 98, L3: 84}, vbmd_mg_cm3=90.0))
PUBLISHER = FhirPublisher("Investigational.", "urn:oid:1.2.3")


@pytest.fixture
def store(engine, clock):
    """One result, as measured."""
    store = SqlAssessmentStore(engine, clock)
    store.keep(RESULT, PUBLISHER.render(RESULT))
    clock.moment = MEASURED_AT + timedelta(days=1)
    return store


@pytest.fixture
def correcting(engine, clock, store):
    """Corrections on these tables."""
    return Correcting(store, SqlCorrections(engine), PUBLISHER, SqlAuditLog(engine, clock), clock)


def of_kind(bundle, kind):
    """The resources of a type."""
    return [each["resource"] for each in json.loads(bundle)["entry"] if each["resource"]["resourceType"] == kind]


def rows(engine, *columns):
    """Of a table."""
    with engine.connect() as connection:
        return connection.execute(select(*columns)).all()


def test_the_readers_name_is_read_beside_who_it_is(engine, store, correcting):
    """People read the name; the same address under another name is the same reader, and the audit row has no name."""
    who = f"{EHR}/Practitioner/7"
    once = correcting.correct(RESULT.result_id, Reader(who, "Dr. Ada Reader"), WITHOUT_L2, REASON)
    again = correcting.correct(RESULT.result_id, Reader(who, "Dr. Ada Married"), WITHOUT_L2, REASON)
    (found,) = SqlPatientHistory(engine).of(a_key(), once.confirmed_at, timedelta(days=1)).held

    assert again == once == found
    assert (found.review.reader, found.review.reader_shown) == (who, "Dr. Ada Reader")
    assert (found.correction.reader, found.correction.reader_shown) == (who, "Dr. Ada Reader")
    assert rows(engine, audit.c.caller) == [(who,)]
    Reviewing(store, SqlReviews(engine), PUBLISHER, correcting.audit, correcting.clock).review(
        RESULT.result_id, Reader(f"{EHR}/Practitioner/8", "Dr. Ada Reader"), "accepted"
    )
    accepted = store.read(RESULT.result_id).review
    assert (accepted.reader, accepted.reader_shown) == (f"{EHR}/Practitioner/8", "Dr. Ada Reader")


def test_a_correction_is_read_with_who_when_why_and_what_it_was_before(engine, store, correcting):
    """By id, by patient and in the history; the audit row names reader and change, and no value."""
    done = correcting.correct(RESULT.result_id, Reader(READER), WITHOUT_L2, REASON)
    found = store.read(RESULT.result_id)
    history = SqlPatientHistory(engine).of(a_key(), done.confirmed_at, timedelta(days=1))

    assert found == store.latest(a_key()) == history.held[0] == done
    assert found.assessment.vbmd_mg_cm3 == pytest.approx(83.0, abs=0.2)
    assert found.assessment.levels_used == (L1, L3)
    assert found.measured == found.correction.measured == RESULT.assessment
    assert (found.correction.change, found.correction.reason) == (WITHOUT_L2, REASON)
    assert (found.review.decision, found.review.reader) == ("corrected", READER)
    assert rows(engine, audit.c.event, audit.c.outcome, audit.c.caller, audit.c.detail) == [
        ("result-corrected", "corrected", READER, f"{RESULT.result_id}: L2 left out (fracture)")
    ]


def test_charts_and_registries_get_it_as_corrected(engine, store, correcting):
    """Status, value, note, performer and Provenance; the version before is kept."""
    correcting.correct(RESULT.result_id, Reader(READER), WITHOUT_L2, REASON)
    bundle = store.bundle(RESULT.result_id)
    patient, *levels = of_kind(bundle, "Observation")
    report = of_kind(bundle, "DiagnosticReport")[0]

    assert {each["status"] for each in (patient, *levels, report)} == {"corrected"}
    assert patient["valueQuantity"]["value"] == pytest.approx(83.0, abs=0.2)
    assert patient["performer"] == report["resultsInterpreter"] == [{"type": "Practitioner", "display": READER}]
    said = (
        "Corrected by Dr. Ada Reader on 3 Mar 2026: L2 left out (fracture); Old wedge fracture. "
        "As measured by software: 90.0 mg/cm3 from L1-L2."
    )
    assert patient["note"][0]["text"] == said
    assert report["conclusion"].startswith(said)
    assert of_kind(bundle, "Provenance")[1]["activity"] == {
        "text": "corrected: L2 left out (fracture); Old wedge fracture."
    }
    versions = rows(engine, resources.c.version, resources.c.status)
    assert {(1, "preliminary"), (2, "corrected")} <= set(versions)


def test_a_renamed_vertebra_leaves_its_old_name_in_error(engine, store, correcting):
    """T12 is L1 now: no Observation goes on saying something of T12, and the others say their new names."""
    correcting.correct(RESULT.result_id, Reader(READER), Change(renamed=1), "A rib was missed.")
    observations = of_kind(store.bundle(RESULT.result_id), "Observation")
    by_level = {each["bodySite"]["text"]: each for each in observations if "/" in each["identifier"][0]["value"]}

    assert {name: each["status"] for name, each in by_level.items()} == {
        "T12": "entered-in-error",
        "L1": "corrected",
        "L2": "corrected",
        "L3": "corrected",
        "L4": "corrected",
    }
    now = rows(engine, resources.c.status, resources.c.superseded, resources.c.type)
    assert sum(row.status == "entered-in-error" and row.superseded is None for row in now) == 1


def test_each_correction_begins_from_what_was_measured(engine, correcting):
    """The second one does not add to the first; both are kept."""
    correcting.correct(RESULT.result_id, Reader(READER), WITHOUT_L2, REASON)
    done = correcting.correct(RESULT.result_id, Reader("Dr. Bo Second"), Change(((L1, "outline"),)), "L1, not L2.")

    assert done.assessment.levels_used == (L2, L3)
    assert done.correction.measured == RESULT.assessment
    assert [(row.number, row.reader) for row in rows(engine, corrections)] == [(1, READER), (2, "Dr. Bo Second")]


def test_the_same_said_again_changes_nothing(engine, correcting):
    """As when a form is sent twice."""
    once = correcting.correct(RESULT.result_id, Reader(READER), WITHOUT_L2, REASON)

    assert correcting.correct(RESULT.result_id, Reader(READER), WITHOUT_L2, REASON) == once
    assert len(rows(engine, corrections)) == len(rows(engine, audit)) == 1


def test_an_accepted_correction_stays_one(engine, clock, store, correcting):
    """Another reader accepts it: their name stands, the value is still another one than was told first."""
    correcting.correct(RESULT.result_id, Reader(READER), WITHOUT_L2, REASON)
    log = SqlAuditLog(engine, clock)
    Reviewing(store, SqlReviews(engine), PUBLISHER, log, clock).review(
        RESULT.result_id, Reader("Dr. Bo Second"), "accepted"
    )

    found, patient = store.read(RESULT.result_id), of_kind(store.bundle(RESULT.result_id), "Observation")[0]
    assert (found.review.decision, found.correction.reader) == ("accepted", READER)
    assert (patient["status"], patient["performer"][0]["display"]) == ("corrected", "Dr. Bo Second")


def test_measuring_it_again_does_not_undo_it(engine, store, correcting):
    """A worker publishes the same generation once more, also after the study had been away for a while."""
    done = correcting.correct(RESULT.result_id, Reader(READER), WITHOUT_L2, REASON)
    again = replace(RESULT, measured_at=MEASURED_AT + timedelta(days=3), confirmed_at=MEASURED_AT + timedelta(days=3))
    rendered = store.bundle(RESULT.result_id)

    store.keep(again, PUBLISHER.render(again))
    assert store.read(RESULT.result_id) == done
    store.withdraw(RESULT.result_id, "the series is no longer in the archive under this patient")
    store.keep(again, PUBLISHER.render(again))

    assert store.read(RESULT.result_id) == replace(done, confirmed_at=again.confirmed_at)
    assert store.bundle(RESULT.result_id) == rendered
    now = [row.status for row in rows(engine, resources) if row.superseded is None and row.type == "Observation"]
    assert set(now) == {"corrected"}


def test_a_correction_of_something_else_is_not_shown(store, correcting):
    """The images came back and read otherwise: neither the correction nor the new value may be told."""
    correcting.correct(RESULT.result_id, Reader(READER), WITHOUT_L2, REASON)
    store.withdraw(RESULT.result_id, "the series is no longer in the archive under this patient")
    otherwise = a_correctable({T12: 80, L1: 92, L2: 98, L3: 84}, vbmd_mg_cm3=95.0)
    again = replace(RESULT, assessment=otherwise, measured_at=MEASURED_AT + timedelta(days=3))

    store.keep(again, PUBLISHER.render(again))

    assert store.read(RESULT.result_id) is None
    assert store.latest(a_key()) == NothingFound(again.measured_at, (CORRECTED,))


def test_a_newer_generation_says_what_was_corrected_before(store, correcting):
    """It is not corrected itself; another CT of the patient, or another patient, knows nothing of it."""
    done = correcting.correct(RESULT.result_id, Reader(READER), WITHOUT_L2, REASON)
    newer = replace(RESULT, result_id="newer", generation="next", measured_at=MEASURED_AT + timedelta(days=9))
    acquisition = replace(RESULT.assessment.acquisition, series_uid="1.2.3")
    other = replace(newer, result_id="other", assessment=replace(RESULT.assessment, acquisition=acquisition))
    store.keep(newer, b"{}")
    store.keep(other, b"{}")

    found = store.read("newer")
    assert (found.correction, found.corrected_before) == (None, done.correction)
    assert found.assessment == RESULT.assessment
    assert store.read("other").corrected_before is None
    assert "this one was not" in of_kind(PUBLISHER.render(found), "Observation")[0]["note"][0]["text"]
    store.withdraw(RESULT.result_id, "no longer confirmed")
    assert store.read("newer").corrected_before is None


def test_of_two_readers_at_once_one_counts(engine, store, correcting):
    """The other is told, and nothing of theirs is kept."""
    corrected = correcting.correct(RESULT.result_id, Reader(READER), WITHOUT_L2, REASON)
    rendered = store.bundle(RESULT.result_id)

    assert not SqlCorrections(engine).keep(replace(corrected, review=corrected.review), b"{}")
    assert store.bundle(RESULT.result_id) == rendered


def test_what_is_withdrawn_cannot_be_corrected(engine, store, correcting):
    """Nor what never was; nor by a keep that comes too late."""
    done = correcting.correct(RESULT.result_id, Reader(READER), WITHOUT_L2, REASON)
    store.withdraw(RESULT.result_id, "the study is gone")

    with pytest.raises(ResultUnknown):
        correcting.correct(RESULT.result_id, Reader(READER), WITHOUT_L2, REASON)
    assert not SqlCorrections(engine).keep(done, b"{}")


def test_a_reader_who_was_overtaken_is_told(clock, store):
    """Instead of being thanked."""

    class Overtaken:
        def keep(self, result, bundle):
            del result, bundle
            return False

    class Silent:
        def record(self, *_, **__):
            raise AssertionError("nothing happened")

    with pytest.raises(ReviewOvertaken):
        Correcting(store, Overtaken(), PUBLISHER, Silent(), clock).correct(
            RESULT.result_id, Reader(READER), WITHOUT_L2, REASON
        )


def test_what_was_measured_by_an_earlier_version_cannot_be_corrected(engine, store, correcting):
    """Its record does not hold what it takes; nothing changes."""
    store.keep(a_result(assessment=an_assessment(), result_id="older"), b"{}")

    with pytest.raises(CorrectionImpossible, match="did not keep what it takes"):
        correcting.correct("older", Reader(READER), WITHOUT_L2, REASON)
    assert rows(engine, corrections) == rows(engine, audit) == []


def test_the_archive_is_told_of_the_last_correction(engine, store, correcting):
    """Once; of what is withdrawn it is told by whoever withdraws."""
    kept = SqlCorrections(engine)
    correcting.correct(RESULT.result_id, Reader(READER), WITHOUT_L2, REASON)
    done = correcting.correct(RESULT.result_id, Reader(READER), Change(((L1, "outline"),)), "L1, not L2.")

    assert kept.untold() == [RESULT.result_id]
    store.withdraw(RESULT.result_id, "gone")
    assert kept.untold() == []
    store.keep(replace(RESULT, measured_at=MEASURED_AT + timedelta(days=3)), b"{}")
    assert kept.untold() == [RESULT.result_id]
    kept.told(RESULT.result_id, done.correction.number)
    assert kept.untold() == []
