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


def test_a_clock_that_jumped_ahead_costs_hours_and_not_the_log(engine, clock):
    """Two workers that look every minute, eleven years ahead, for half a day; nothing is missing of the days after."""
    for _ in range(10):
        some_rows(engine, clock, 0)
        clock.move_on(days=30)
    workers = [SqlRetention(engine, clock, feedback_days=None, audit_days=300) for _ in range(2)]
    workers[0].purge()
    right = count(engine, audit)
    clock.move_on(days=4000)
    for _ in range(12 * 60):
        clock.move_on(minutes=1)
        for each in workers:
            each.purge()

    assert right == 10
    assert count(engine, audit) == 9


def test_when_the_clock_is_right_again_it_goes_on_from_there(engine, clock):
    """What had become old by then goes to the hour as ever, what only seemed to be old stays."""
    errand = SqlRetention(engine, clock, feedback_days=None, audit_days=180)
    for days in (1, 178):
        some_rows(engine, clock, 0)
        clock.move_on(days=days)
    errand.purge()
    clock.move_on(days=4000)
    errand.purge()
    clock.move_on(days=-4000)
    kept = []
    for _ in range(50):
        errand.purge()
        kept.append(count(engine, audit))
        clock.move_on(hours=1)

    assert kept == [2] * 25 + [1] * 24 + [0]


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
