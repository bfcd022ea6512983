"""Mirrors cds/storage/resources.py: versions, moments, and what is searched by."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from cds.entered_in_error import entered_in_error
from cds.ports import Review
from cds.reporting.bundle import FhirPublisher
from cds.resource import UNKNOWN_DAY
from cds.storage.assessments import SqlAssessmentStore
from cds.storage.backfill import backfill_resources
from cds.storage.registry_tables import resources
from cds.storage.resources import instant, milliseconds
from cds.storage.reviews import SqlReviews
from tests.support.assessments import a_key, a_patient, a_refusal, a_result, scanned_on

NOTICE = "Investigational: not cleared as a medical device."


def rendered(result):
    """As published."""
    return FhirPublisher(NOTICE, "http://hospital.example.org/patients").render(result)


@pytest.fixture
def store(engine, clock):
    """A store on an empty, migrated database."""
    return SqlAssessmentStore(engine, clock)


def kept(store, **facts):
    """Keep a result with its rendering."""
    result = a_result(**facts)
    store.keep(result, rendered(result))
    return result


def rows(engine, **columns):
    """Versions in order."""
    query = select(resources).order_by(resources.c.last_updated, resources.c.id)
    with engine.connect() as connection:
        return connection.execute(query.where(*(resources.c[name] == each for name, each in columns.items()))).all()


def test_each_resource_of_a_rendering_becomes_a_row(store, engine, clock):
    """Its columns say what can be searched, its body what is served."""
    result = kept(store)
    bundle = json.loads(rendered(result))

    stored = {row.id: row for row in rows(engine)}
    assert stored.keys() == {entry["resource"]["id"] for entry in bundle["entry"]}
    (patient,) = rows(engine, type="Patient")
    for row in stored.values():
        body = json.loads(row.body)
        assert (body["resourceType"], body["id"]) == (row.type, row.id)
        assert body["meta"]["versionId"] == "1"
        assert body["meta"]["lastUpdated"] == instant(milliseconds(clock.now()))
        assert row.patient == ("" if row.type == "Device" else patient.id)
        assert b"urn:uuid" not in row.body
        assert b"\n" not in row.body
    (value,) = [row for row in stored.values() if "|patient-vbmd\t" in row.codes]
    assert (value.status, value.effective, value.value) == ("preliminary", date(2025, 9, 14), 70.1)
    assert value.identifier == result.result_id


def test_references_resolve_to_other_rows(store, engine):
    """Whoever follows one finds it."""
    kept(store)

    known = {f"{row.type}/{row.id}" for row in rows(engine)}
    for row in rows(engine):
        for reference in references_in(json.loads(row.body)):
            assert reference in known


def references_in(value):
    """Every reference in a resource."""
    if isinstance(value, dict):
        own = [value["reference"]] if "reference" in value else []
        return own + [each for inner in value.values() for each in references_in(inner)]
    return [each for inner in value for each in references_in(inner)] if isinstance(value, list) else []


def test_a_repeat_makes_no_versions(store, engine):
    """The same result again, and another result of the same patient: what they share stays version 1."""
    kept(store)
    before = len(rows(engine))
    kept(store)
    assert len(rows(engine)) == before

    kept(store, result_id="7f1c1a52-0c63-5a0e-9f5c-6d2f6c1f0002", assessment=a_refusal())

    assert [row.version for row in rows(engine, type="Patient")] == [1]
    assert {row.version for row in rows(engine)} == {1}


def test_a_withdrawn_result_is_entered_in_error_not_gone(store, engine, clock):
    """A new version supersedes the one before; what is not a finding stays."""
    result = kept(store)
    clock.move_on(hours=1)
    store.withdraw(result.result_id, "the study is gone")
    store.withdraw(result.result_id, "again")

    for kind in ("Observation", "DiagnosticReport"):
        for first, second in pairs(rows(engine, type=kind)):
            assert (first.version, second.version) == (1, 2)
            assert first.superseded == second.last_updated == milliseconds(clock.now())
            assert (second.status, second.superseded) == ("entered-in-error", None)
            before, after = json.loads(first.body), json.loads(second.body)
            assert after | {"meta": 0} == entered_in_error(before, "the study is gone", "no-longer-confirmed") | {
                "meta": 0
            }
    assert [row.version for row in rows(engine, type="ImagingStudy")] == [1]


def pairs(found):
    """Versions by id."""
    by_id = {}
    for row in found:
        by_id.setdefault(row.id, []).append(row)
    return by_id.values()


def test_a_study_that_came_back_is_current_again(store, engine):
    """Measured anew after a withdrawal: a third version."""
    result = kept(store)
    store.withdraw(result.result_id, "the study is gone")
    kept(store)

    (report,) = rows(engine, type="DiagnosticReport", superseded=None) or [None]
    assert (report.version, report.status) == (3, "preliminary")


def test_moments_grow_with_every_commit_whatever_the_clock_says(store, engine, clock):
    """A clock that stands still or goes back orders nothing wrongly."""
    for number, back in enumerate((0, 0, 3600)):
        clock.moment -= timedelta(seconds=back)
        kept(store, result_id=f"result-{number}", patient=a_patient(a_key(f"P{number}")))

    moments = [rows(engine, result_id=f"result-{number}")[-1].last_updated for number in range(3)]
    assert moments == sorted(set(moments))


def test_writers_at_once_share_no_moment(store, engine):
    """Four threads, twenty results: twenty moments, each with all rows of its result."""
    with ThreadPoolExecutor(4) as pool:
        made = [
            pool.submit(kept, store, result_id=f"result-{number}", patient=a_patient(a_key(f"P{number}")))
            for number in range(20)
        ]
        for each in made:
            each.result()

    by_result = {}
    for row in rows(engine):
        by_result.setdefault(row.result_id, set()).add(row.last_updated)
    assert len(by_result) == 20
    assert len(set.union(*by_result.values())) == 20


def test_a_scan_without_a_day_has_none_to_search_by(store, engine):
    """The stand-in for "unknown" lies before every day."""
    kept(store, assessment=scanned_on(None))

    assert {row.effective for row in rows(engine, type="Observation")} == {UNKNOWN_DAY}


def test_results_of_an_older_version_are_filled_in(store, engine, clock):
    """Once; withdrawn ones as entered in error."""
    shown = kept(store)
    withdrawn = kept(store, result_id="withdrawn", patient=a_patient(a_key("P2")))
    store.withdraw(withdrawn.result_id, "the study is gone")
    with engine.begin() as connection:
        connection.execute(resources.delete())

    assert backfill_resources(engine, clock) == 2
    assert backfill_resources(engine, clock) == 0

    assert {row.status for row in rows(engine, result_id=shown.result_id, type="Observation")} == {"preliminary"}
    current = rows(engine, result_id="withdrawn", type="Observation", superseded=None)
    assert {row.status for row in current} == {"entered-in-error"}


def test_a_reviewed_result_has_a_version_that_says_so(store, engine, clock):
    """Final when accepted, entered in error when rejected; the Provenance of the review beside it."""
    result = kept(store)
    clock.move_on(hours=1)
    for number, decision, status in ((1, "accepted", "final"), (2, "rejected", "entered-in-error")):
        review = Review("Dr. Ada Reader", decision, clock.now(), number, "Wrong level.")
        SqlReviews(engine).keep(result.result_id, review, rendered(replace(result, review=review)))

        current = rows(engine, type="Observation", superseded=None)
        assert {(row.version, row.status) for row in current} == {(number + 1, status)}
        assert len(rows(engine, type="Provenance", superseded=None)) == number + 1
