"""Mirrors cds/storage/audit_log.py."""

from sqlalchemy import select

from cds.storage.audit_log import SqlAuditLog
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
