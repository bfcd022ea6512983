"""Mirrors cds/storage/retention.py."""

from sqlalchemy import func, select

from cds.ports import CardFeedback
from cds.storage import retention
from cds.storage.audit_log import SqlAuditLog
from cds.storage.feedback import SqlFeedbackLog
from cds.storage.retention import SqlRetention
from cds.storage.tables import audit, feedback


def count(engine, table):
    """How many rows."""
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def some_rows(engine, clock, number):
    """An audit row and a feedback of this moment."""
    SqlAuditLog(engine, clock).record("hook", None, "known")
    SqlFeedbackLog(engine, clock).keep("service", "ehr", [CardFeedback(f"card-{number}", "accepted", clock.now())])


def test_what_is_old_enough_goes_and_the_rest_stays(engine, clock):
    """Rows of 0, 100 and 200 days ago, kept for 150 and 50 days."""
    for number in range(3):
        some_rows(engine, clock, number)
        clock.move_on(days=100 if number < 2 else 0)
    SqlRetention(engine, clock, feedback_days=50, audit_days=150).purge()

    assert (count(engine, audit), count(engine, feedback)) == (2, 1)


def test_without_a_limit_everything_stays(engine, clock):
    """The default."""
    some_rows(engine, clock, 1)
    clock.move_on(days=10_000)
    SqlRetention(engine, clock, feedback_days=None, audit_days=None).purge()

    assert (count(engine, audit), count(engine, feedback)) == (1, 1)


def test_a_backlog_goes_little_by_little_and_then_once_an_hour(engine, clock, monkeypatch):
    """Three at a time; once there is nothing left, no query for an hour."""
    monkeypatch.setattr(retention, "_AT_ONCE", 3)
    for number in range(7):
        some_rows(engine, clock, number)
    clock.move_on(days=200)
    errand, left = SqlRetention(engine, clock, feedback_days=None, audit_days=180), []
    for _ in range(3):
        errand.purge()
        left.append(count(engine, audit))
    some_rows(engine, clock, 8)
    errand.purge()

    assert left == [4, 1, 0]
    assert count(engine, audit) == 1
