"""What has been kept long enough is deleted, a little at a time."""

from datetime import datetime, timedelta

from sqlalchemy import Column, Engine, Table, delete, select

from cds.ports import Clock
from cds.storage.tables import audit, feedback

_EVERY = timedelta(hours=1)
_AT_ONCE = 5_000
"""Rows in one transaction: hooks write their audit rows in between."""


class SqlRetention:
    """An errand of workers; pictures have their own."""

    def __init__(self, engine: Engine, clock: Clock, *, feedback_days: int | None, audit_days: int | None) -> None:
        """None: kept for ever."""
        self._engine = engine
        self._clock = clock
        self._kept = ((feedback, feedback.c.received_at, feedback_days), (audit, audit.c.at, audit_days))
        self._next: datetime | None = None

    def purge(self) -> None:
        """If it is time; the rest of a large backlog goes next time."""
        now = self._clock.now()
        if self._next is not None and now < self._next:
            return
        self._next = now + _EVERY
        for table, moment, days in self._kept:
            if days is not None and self._purge_before(table, moment, now - timedelta(days=days)) == _AT_ONCE:
                self._next = now

    def _purge_before(self, table: Table, moment: Column[datetime], limit: datetime) -> int:
        keys = list(table.primary_key)
        oldest = select(*keys).where(moment < limit).order_by(moment).limit(_AT_ONCE)
        with self._engine.begin() as connection:
            rows = connection.execute(oldest).all()
            condition = [[key == value for key, value in zip(keys, row, strict=True)] for row in rows]
            for each in condition:
                connection.execute(delete(table).where(*each))
        return len(rows)
