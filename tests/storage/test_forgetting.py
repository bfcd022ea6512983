"""Mirrors cds/storage/forgetting.py: nothing is left of one patient, and everything of the others."""

import hashlib
from datetime import date

import pytest
from sqlalchemy import insert, select

from cds.ports import CardFeedback, Review, ShownCard
from cds.reporting.bundle import FhirPublisher
from cds.storage.assessments import SqlAssessmentStore
from cds.storage.audit_log import SqlAuditLog
from cds.storage.feedback import SqlFeedbackLog
from cds.storage.forgetting import SqlForgetting
from cds.storage.opt_outs import SqlOptOuts
from cds.storage.regions import SqlRegionStore
from cds.storage.reviews import SqlReviews
from cds.storage.schema import metadata
from cds.storage.tables import audit, seen_studies, shown_cards, written_back
from tests.support.assessments import MEASURED_AT, a_key, a_patient, a_result, an_acquisition, an_assessment

FORGOTTEN, OTHER = "FORGET-ME-77", "STAYS-HERE-88"
CARD = "0a0a0a0a-0000-4000-8000-0000000000"


def fill(engine, clock, patient_id, number):
    """A patient in as many tables as the service writes; the result's id."""
    patient = a_patient(a_key(patient_id))
    taken = an_acquisition(study_uid=f"1.2.77.{number}", series_uid=f"1.2.77.{number}.1", patient_id=patient_id)
    result_id = f"7f1c1a52-0c63-5a0e-9f5c-6d2f6c1f00{number}"
    result = a_result(patient, an_assessment(acquisition=taken), result_id=result_id)
    rendered = FhirPublisher("Investigational.", "urn:oid:1.2.3").render(result)
    SqlAssessmentStore(engine, clock).keep(result, rendered)
    SqlReviews(engine).keep(result_id, Review("Dr. Reader", "accepted", MEASURED_AT), rendered)
    SqlRegionStore(engine, clock).put(result_id, patient_id.encode())
    audit_log = SqlAuditLog(engine, clock)
    audit_log.record("hook", patient.key, "known", "osteocds-order-sign: card", caller=f"clinician-{number}")
    audit_log.record("image-results", None, "stored", f"result {result_id}")
    SqlFeedbackLog(engine, clock).keep(
        "osteocds-order-sign", "ehr", [CardFeedback(f"{CARD}{number}", "overridden", MEASURED_AT, comment=patient_id)]
    )
    key = {"tenant": "default", "patient_id": patient_id, "issuer": "HOSPITAL"}
    card = ShownCard(f"{CARD}{number}", result_id, "finding", "ehr Practitioner/1", "osteocds-order-sign")
    with engine.begin() as connection:
        shown = {"result_id": card.result_id, "shown_to": card.user, "shown_at": MEASURED_AT, "card_id": card.card_id}
        connection.execute(insert(shown_cards), shown | key)
        connection.execute(insert(metadata.tables["nothing_found"]), key | {"looked_at": MEASURED_AT, "reasons": []})
        connection.execute(insert(metadata.tables["group_members"]), key | {"group_name": "g"})
        sent = {"ehr": "north", "result_id": result_id, "state": "written", "attempts": 0, "next_at": MEASURED_AT}
        lease = {"leased_until": MEASURED_AT, "lease": "", "why": "", "remote": [["Patient", patient_id, "1", ""]]}
        seen = {"seen_review": 0, "seen_withdrawn": False}
        connection.execute(insert(written_back), sent | lease | seen)
        digest = hashlib.sha256(taken.study_uid.encode()).hexdigest()
        connection.execute(
            insert(seen_studies), {"study": digest, "study_date": date(2026, 1, 1), "instances": 1, "settled": False}
        )
    return result_id, taken.study_uid


def everything(engine):
    """Every cell of every table as text."""
    cells = []
    with engine.connect() as connection:
        for table in metadata.sorted_tables:
            for row in connection.execute(select(table)):
                cells += [each.decode(errors="replace") if isinstance(each, bytes) else str(each) for each in row]
    return "\n".join(cells)


@pytest.fixture
def ids(engine, clock):
    """Two patients; result and study of each."""
    return {name: fill(engine, clock, name, number) for number, name in ((11, FORGOTTEN), (22, OTHER))}


def test_nothing_of_the_patient_is_left_and_all_of_the_other(engine, ids):
    """By identifier, result, study and card; the other patient's rows are as they were."""
    before = everything(engine)
    rows = SqlForgetting(engine).forget(a_key(FORGOTTEN))
    after = everything(engine)

    traces = (FORGOTTEN, *ids[FORGOTTEN], f"{CARD}11")
    assert all(each in before for each in traces)
    assert not [each for each in traces if each in after]
    assert [after.count(each) for each in (OTHER, *ids[OTHER], f"{CARD}22")] == [
        before.count(each) for each in (OTHER, *ids[OTHER], f"{CARD}22")
    ]
    assert rows.rows["results"] == rows.rows["reviews"] == rows.rows["feedback"] == rows.rows["waiting_regions"] == 1
    assert rows.elsewhere == ("north",)


def test_a_plan_changes_nothing_and_says_the_same(engine, ids):
    """What would go is what goes; a second time there is nothing."""
    assert ids
    forgetting, before = SqlForgetting(engine), everything(engine)
    plan = forgetting.plan(a_key(FORGOTTEN))
    unchanged = everything(engine)

    assert unchanged == before
    assert forgetting.forget(a_key(FORGOTTEN)) == plan
    assert forgetting.plan(a_key(FORGOTTEN)).rows == {}


def test_the_same_identifier_of_another_issuer_is_another_patient(engine, ids):
    """The whole key decides."""
    assert ids
    forgetting = SqlForgetting(engine)

    assert forgetting.plan(a_key(FORGOTTEN, issuer="ELSEWHERE")).rows == {}
    assert forgetting.plan(a_key(FORGOTTEN, issuer=None)).rows == {}
    assert forgetting.plan(a_key(FORGOTTEN, tenant="north")).rows == {}


def test_the_audit_keeps_what_happened_without_whom(engine, ids):
    """Event, outcome, time and caller stay; as many rows as before."""
    assert ids
    SqlForgetting(engine).forget(a_key(FORGOTTEN))
    with engine.connect() as connection:
        rows = connection.execute(select(audit)).all()

    unnamed = [row for row in rows if row.detail == "forgotten"]
    assert {(row.event, row.outcome, row.caller) for row in unnamed} == {
        ("hook", "known", "clinician-11"),
        ("image-results", "stored", None),
    }
    assert all(row.patient_id is None for row in unnamed)
    assert len(rows) == 4


def test_the_wish_not_to_be_looked_at_stays(engine, clock, ids):
    """Else the next order would begin anew."""
    assert ids
    opt_outs = SqlOptOuts(engine, clock)
    opt_outs.add([a_key(FORGOTTEN)])
    rows = SqlForgetting(engine).forget(a_key(FORGOTTEN))

    assert rows.opted_out
    assert opt_outs.has_opted_out(a_key(FORGOTTEN))


def test_the_watch_knows_the_study_by_its_digest_and_has_nothing_left_to_do_about_it(engine, ids):
    """Else it would take it for a new one; the other patient's is looked at as before."""
    SqlForgetting(engine).forget(a_key(FORGOTTEN))
    with engine.connect() as connection:
        settled = {row.study: row.settled for row in connection.execute(select(seen_studies))}

    digests = {name: hashlib.sha256(study.encode()).hexdigest() for name, (_, study) in ids.items()}
    assert settled == {digests[FORGOTTEN]: True, digests[OTHER]: False}


def test_every_table_that_could_point_to_a_patient_is_asked(engine):
    """A table that comes later is asked too, or named here as pointing to nobody."""
    del engine
    asked = {
        table.name
        for table in metadata.sorted_tables
        if {"tenant", "patient_id", "issuer"} <= set(table.c.keys()) or "result_id" in table.c
    } | {"feedback"}
    nobody = {"service_modes", "used_tokens", "worker_heartbeats", "archive_health", "resource_clock", "exports"}
    nobody |= {
        "export_types",
        "subscriptions",
        "sweeps",
        "archive_watch",
        "errand_turns",
        "seen_studies",
        "standing_recalls",
        "metric_counts",
        "metric_states",
        "tissue_days",
    }

    assert {table.name for table in metadata.sorted_tables} - asked <= nobody
