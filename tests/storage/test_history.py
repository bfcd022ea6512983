"""Mirrors cds/storage/history.py."""

from dataclasses import replace
from datetime import date, timedelta

from cds.ports import History
from cds.storage.assessments import SqlAssessmentStore
from cds.storage.confirmations import SqlConfirmations
from cds.storage.history import SqlPatientHistory
from tests.support.assessments import MEASURED_AT, a_key, a_patient, a_result, scanned_on

DAY = timedelta(days=1)


def published(engine, clock, result_id="result-1", **facts):
    """A stored result."""
    result = replace(a_result(**facts), result_id=result_id)
    SqlAssessmentStore(engine, clock).keep(result, b"{}")
    return result


def test_history_has_the_newest_result_of_each_series_by_date(engine, clock):
    """An older measurement of the same series is not a second CT."""
    first, later = scanned_on(date(2019, 5, 1)), scanned_on(date(2025, 5, 1))
    other = replace(later, acquisition=replace(later.acquisition, series_uid="1.2.9"))
    published(engine, clock, "later", assessment=other)
    old = published(engine, clock, "old", assessment=first)
    again = replace(old, result_id="again", generation="next", measured_at=old.measured_at + timedelta(days=1))
    SqlAssessmentStore(engine, clock).keep(again, b"{}")

    found = SqlPatientHistory(engine).of(a_key(), old.confirmed_at, DAY)

    assert [each.result_id for each in found.held] == ["again", "later"]


def test_history_has_neither_withdrawn_results_nor_other_patients(engine, clock):
    """By the whole key: the same identifier under another issuer is somebody else."""
    published(engine, clock, "mine")
    published(engine, clock, "theirs", patient=a_patient(a_key(issuer="ELSEWHERE")))
    history = SqlPatientHistory(engine)
    assert [each.result_id for each in history.of(a_key(), MEASURED_AT, DAY).held] == ["mine"]

    SqlAssessmentStore(engine, clock).withdraw("mine", "the study has gone")

    assert history.of(a_key(), MEASURED_AT, DAY) == History()


def test_history_tells_apart_what_the_archive_has_confirmed_lately(engine, clock):
    """By whichever look; what it did not have, and what a wrong clock dated, is not confirmed."""
    for number, name in enumerate(("told", "gone", "long ago", "not yet")):
        facts = replace(scanned_on(date(2019, 5, 1 + number)).acquisition, series_uid=f"1.2.{number}")
        published(engine, clock, name, assessment=replace(scanned_on(date(2019, 5, 1)), acquisition=facts))
    now = MEASURED_AT + timedelta(days=300)
    store, confirmations = SqlAssessmentStore(engine, clock), SqlConfirmations(engine, clock)
    store.looked(a_key(), now - timedelta(hours=23), held=["1.2.0", "of no result"], usable=["1.2.0"])
    confirmations.missed("gone", now - timedelta(hours=1))
    confirmations.held("not yet", now + timedelta(days=2))

    found = SqlPatientHistory(engine).of(a_key(), now, DAY)

    assert [each.result_id for each in found.held] == ["told"]
    assert [each.result_id for each in found.being_checked] == ["gone", "long ago", "not yet"]
    assert store.read("told").confirmed_at == MEASURED_AT

    store.looked(a_key(), now, held=["1.2.1"], usable=["1.2.1"])
    store.looked(a_key(issuer="ELSEWHERE"), now, held=["1.2.2"], usable=["1.2.2"])

    assert [each.result_id for each in SqlPatientHistory(engine).of(a_key(), now, DAY).held] == ["told", "gone"]
