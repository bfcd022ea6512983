"""Mirrors cds/storage/audit_log.py."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from cds.ports import AuditRow, ShownCard, Telling
from cds.storage.audit_log import SqlAuditLog
from cds.storage.card_memory import SqlCardMemory
from cds.storage.tables import audit
from tests.support.assessments import a_key


def test_each_event_is_a_row_in_order(engine, clock):
    """When, what, about whom by identifier, how it ended."""
    log = SqlAuditLog(engine, clock)
    log.record("identity-mismatch", a_key(), "refused", "archive")
    clock.move_on(seconds=1)
    log.record("service-started", None, "ok")

    with engine.connect() as connection:
        first, second = connection.execute(select(audit).order_by(audit.c.number)).all()
    assert (first.event, first.tenant, first.patient_id, first.issuer) == (
        "identity-mismatch",
        "default",
        "PAT-0001",
        "HOSPITAL",
    )
    assert (first.outcome, first.detail) == ("refused", "archive")
    assert (second.event, second.patient_id, second.at) == ("service-started", None, clock.now())


class TickingClock:
    """A second later whenever it is asked, by whichever thread."""

    def __init__(self):
        self.seconds = count()

    def now(self):
        """The next second."""
        return datetime(2026, 3, 2, tzinfo=UTC) + timedelta(seconds=next(self.seconds))


def test_many_at_once_lose_nothing_and_keep_their_order(engine):
    """Eight threads, 25 rows each: all are there when they return, in each thread's order, and time never goes back."""
    log = SqlAuditLog(engine, TickingClock())

    def write(thread):
        for number in range(25):
            log.record("hook", None, f"{thread}", f"{number}", caller="https://ehr.example.org Practitioner/1")

    threads = [threading.Thread(target=write, args=(each,)) for each in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with engine.connect() as connection:
        rows = connection.execute(select(audit).order_by(audit.c.number)).all()
    assert len(rows) == 200
    for thread in range(8):
        assert [int(row.detail) for row in rows if row.outcome == str(thread)] == list(range(25))
    if engine.dialect.name == "sqlite":
        assert [row.at for row in rows] == sorted(row.at for row in rows)


def test_a_row_that_cannot_be_written_is_told(engine, clock):
    """Whoever records learns of it."""
    audit.drop(engine)

    with pytest.raises(SQLAlchemyError):
        SqlAuditLog(engine, clock).record("hook", None, "known")


def test_a_row_and_what_was_told_are_written_together(engine, clock):
    """Both are there, or neither: a card whose row could not be written was not shown."""
    log, card = SqlAuditLog(engine, clock), ShownCard("card-1", "result-1", "finding", "ehr Practitioner/7", "sign")
    row = AuditRow("hook", a_key(), "known", caller="ehr Practitioner/7")

    log.record_call(row, Telling(card))
    (kept,) = _rows(engine)
    remembered = SqlCardMemory(engine).recall(card, "ehr").told_at
    audit.drop(engine)
    with pytest.raises(SQLAlchemyError):
        log.record_call(row, Telling(replace(card, result_id="result-2")))

    assert (kept.patient_id, kept.outcome, kept.caller) == ("PAT-0001", "known", "ehr Practitioner/7")
    assert remembered == clock.now()
    assert SqlCardMemory(engine).recall(replace(card, result_id="result-2"), "ehr").told_at is None


def _rows(engine):
    with engine.connect() as connection:
        return connection.execute(select(audit).order_by(audit.c.number)).all()
