"""Mirrors cds/storage/feedback.py."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

from sqlalchemy import func, select

from cds.ports import CardFeedback, FeedbackCount
from cds.storage.feedback import SqlFeedbackLog
from cds.storage.tables import feedback

SIGN = "osteocds-order-sign"
EHR = "https://ehr.example.org"
AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CARD = "11111111-1111-4111-8111-111111111111"
ACCEPTED = CardFeedback(CARD, "accepted", AT, accepted=("suggestion-1",))
OVERRIDDEN = CardFeedback(CARD, "overridden", AT, reason_code="later", reason_system="http://x", comment="Not today.")


def rows_in(engine):
    """How many are kept."""
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(feedback)).scalar_one()


def test_everything_that_was_told_is_kept(engine, clock):
    """Outcome, suggestions, reason, comment, client and both times."""
    SqlFeedbackLog(engine, clock).keep(SIGN, EHR, [OVERRIDDEN, ACCEPTED])

    with engine.connect() as connection:
        accepted, overridden = connection.execute(select(feedback).order_by(feedback.c.outcome)).all()
    assert (accepted.accepted, accepted.service, accepted.client) == (["suggestion-1"], SIGN, EHR)
    assert (overridden.reason_code, overridden.reason_system, overridden.comment) == ("later", "http://x", "Not today.")
    assert (overridden.outcome_at, overridden.received_at) == (AT, clock.now())


def test_the_same_again_changes_nothing(engine, clock):
    """Repeated in the batch, in another batch, or in another time zone: one row, the first one."""
    log = SqlFeedbackLog(engine, clock)
    log.keep(SIGN, EHR, [OVERRIDDEN, OVERRIDDEN])
    elsewhere = replace(OVERRIDDEN, at=AT.astimezone(timezone(timedelta(hours=8))), comment="Changed.")

    log.keep(SIGN, EHR, [elsewhere])

    assert rows_in(engine) == 1
    with engine.connect() as connection:
        assert connection.execute(select(feedback.c.comment)).scalar_one() == "Not today."


def test_batches_that_overlap_do_not_block_each_other(engine, clock):
    """Two clients send the same items in opposite order at once, again and again: all are kept, none fails."""
    log = SqlFeedbackLog(engine, clock)
    failed = []

    def send(minute, *, backwards):
        items = [replace(OVERRIDDEN, at=AT + timedelta(minutes=minute, seconds=second)) for second in range(30)]
        try:
            log.keep(SIGN, EHR, items[::-1] if backwards else items)
        except Exception as fault:  # noqa: BLE001 - whatever it is, the test fails
            failed.append(fault)

    for minute in range(10):
        pair = [threading.Thread(target=send, args=(minute,), kwargs={"backwards": each}) for each in (True, False)]
        for thread in pair:
            thread.start()
        for thread in pair:
            thread.join()

    assert failed == []
    assert rows_in(engine) == 300


def test_counts_are_by_month_in_utc(engine, clock):
    """Service, outcome and reason apart; the month is that of the outcome."""
    log = SqlFeedbackLog(engine, clock)
    end_of_march = datetime(2026, 3, 31, 23, 59, 59, tzinfo=UTC)
    april_there = datetime(2026, 4, 1, 7, 59, tzinfo=timezone(timedelta(hours=8)))  # still March in UTC
    log.keep(SIGN, EHR, [OVERRIDDEN, replace(OVERRIDDEN, at=end_of_march), replace(ACCEPTED, at=april_there)])
    log.keep("osteocds-patient-view", EHR, [replace(OVERRIDDEN, at=datetime(2026, 4, 1, tzinfo=UTC), reason_code=None)])

    assert log.counts() == [
        FeedbackCount("2026-03", SIGN, "accepted", None, 1),
        FeedbackCount("2026-03", SIGN, "overridden", "later", 2),
        FeedbackCount("2026-04", "osteocds-patient-view", "overridden", None, 1),
    ]
