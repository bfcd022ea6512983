"""What has been kept long enough is deleted, a little at a time.

What is gone is gone for good, so the clock is not simply believed: the time that counts is kept in the database, and a
worker takes it at most two hours further in an hour. A clock that jumped years ahead deletes hours of the audit log
before somebody sets it right, not all of it; after a standstill it takes as long again to catch up.
"""

from datetime import datetime, timedelta

import structlog
from sqlalchemy import Column, Engine, Table, delete, select, update

from cds import clocks
from cds.ports import Clock
from cds.storage.tables import audit, errand_turns, feedback
from cds.storage.writing import insert_once

_EVERY = timedelta(hours=1)
_FURTHER_AT_MOST = timedelta(hours=2)
_AT_ONCE = 5_000
"""Rows in one transaction: hooks write their audit rows in between."""
_ERRAND = "retention"
_OURS = errand_turns.c.errand == _ERRAND


class SqlRetention:
    """An errand of workers; pictures have their own."""

    def __init__(self, engine: Engine, clock: Clock, *, feedback_days: int | None, audit_days: int | None) -> None:
        """None: kept for ever."""
        self._engine = engine
        self._clock = clock
        self._kept = ((feedback, feedback.c.received_at, feedback_days), (audit, audit.c.at, audit_days))
        self._went_on_at: datetime | None = None
        self._backlog_until: datetime | None = None

    def purge(self) -> None:
        """If it is time; the rest of a large backlog goes next time."""
        now = self._clock.now()
        if self._went_on_at is None or clocks.is_due(self._went_on_at, now, _EVERY):
            self._backlog_until = self._go_on(now)
            self._went_on_at = now
        until = self._backlog_until
        if until is None:
            return
        self._backlog_until = None
        for table, moment, days in self._kept:
            if days is not None and self._purge_before(table, moment, until - timedelta(days=days)) == _AT_ONCE:
                self._backlog_until = until

    def _go_on(self, now: datetime) -> datetime:
        """How far the time of deleting is now, for all workers; the first one begins with what its clock says."""
        with self._engine.begin() as connection:
            if insert_once(connection, errand_turns, {"errand": _ERRAND, "taken_at": now}):
                return now
            last: datetime = connection.execute(select(errand_turns.c.taken_at).where(_OURS)).scalar_one()
            until = now if clocks.is_ahead(last, now) else min(now, last + _FURTHER_AT_MOST)
            connection.execute(update(errand_turns).where(_OURS).values(taken_at=until))
        if until < now:
            structlog.get_logger().warning("retention-behind", days=(now - until).days)
        return until

    def _purge_before(self, table: Table, moment: Column[datetime], limit: datetime) -> int:
        keys = list(table.primary_key)
        oldest = select(*keys).where(moment < limit).order_by(moment).limit(_AT_ONCE)
        with self._engine.begin() as connection:
            rows = connection.execute(oldest).all()
            condition = [[key == value for key, value in zip(keys, row, strict=True)] for row in rows]
            for each in condition:
                connection.execute(delete(table).where(*each))
        return len(rows)
