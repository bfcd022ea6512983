"""What workers report about themselves and the archive, and what the web process makes of it.

The two sides meet in the database only, so they may run on different machines.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import Engine, delete, func, select

from cds import clocks
from cds.ports import Clock, Trouble
from cds.storage.moments import is_ahead
from cds.storage.tables import archive_health, worker_heartbeats
from cds.storage.writing import insert_or_update

AWAY_AFTER = timedelta(seconds=60)
"""A minute without workers or archive is trouble; shorter gaps are restarts and hiccups."""

_ARCHIVE = "archive"
"""One archive for now; the column leaves room for more."""


class SqlHeartbeats:
    """Written by each worker, every few seconds."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def beat(self, worker: str) -> None:
        """This worker is alive now."""
        with self._engine.begin() as connection:
            insert_or_update(connection, worker_heartbeats, {"worker": worker, "beat_at": self._clock.now()})

    def leave(self, worker: str) -> None:
        """This worker has stopped, and nobody should wait for it."""
        with self._engine.begin() as connection:
            connection.execute(delete(worker_heartbeats).where(worker_heartbeats.c.worker == worker))

    def beats(self) -> Mapping[str, datetime]:
        """The last beat of each worker that has not said goodbye."""
        query = select(worker_heartbeats.c.worker, worker_heartbeats.c.beat_at)
        with self._engine.connect() as connection:
            return {row.worker: row.beat_at for row in connection.execute(query)}

    def last_beat(self) -> datetime | None:
        """When any worker was last heard of; a beat that is dated ahead may be years old (`ahead`)."""
        beat_at = worker_heartbeats.c.beat_at
        query = select(func.max(beat_at)).where(~is_ahead(beat_at, self._clock.now()))
        with self._engine.connect() as connection:
            last: datetime | None = connection.execute(query).scalar_one()
        return last

    def ahead(self) -> timedelta | None:
        """By how much the clock of a worker is ahead of ours, if it is: that worker counts as silent."""
        now = self._clock.now()
        last = max(self.beats().values(), default=now)
        return last - now if clocks.is_ahead(last, now) else None


class SqlArchiveWatch:
    """Written by the steps that talk to the archive."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def archive_ok(self) -> None:
        """The archive has just answered."""
        row = {"archive": _ARCHIVE, "last_ok_at": self._clock.now(), "failing_since": None}
        with self._engine.begin() as connection:
            insert_or_update(connection, archive_health, row)

    def archive_failed(self) -> None:
        """The archive could not be asked; failing since the first such time after the last answer."""
        since, now = self.failing_since(), self._clock.now()
        if since is None or clocks.is_ahead(since, now):
            row = {"archive": _ARCHIVE, "failing_since": now}
            with self._engine.begin() as connection:
                insert_or_update(connection, archive_health, row)

    def failing_since(self) -> datetime | None:
        """Since when no request has succeeded; None while they do."""
        query = select(archive_health.c.failing_since).where(archive_health.c.archive == _ARCHIVE)
        with self._engine.connect() as connection:
            return connection.execute(query).scalar_one_or_none()


class SqlServiceHealth:
    """The `ServiceHealth` port, read by the fast path.

    After a start, workers get the same minute to appear before their absence is trouble.
    """

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._heartbeats = SqlHeartbeats(engine, clock)
        self._archive = SqlArchiveWatch(engine, clock)
        self._clock = clock
        self._watching_since = clock.now()

    def trouble(self) -> Trouble | None:
        """The workers first: without them nothing is known about the archive either."""
        now = self._clock.now()
        last_beat = self._heartbeats.last_beat()
        silent = last_beat is None or not clocks.lately(last_beat, now, AWAY_AFTER)
        if silent and not clocks.lately(self._watching_since, now, AWAY_AFTER):
            return Trouble("workers", last_beat or self._watching_since)
        failing_since = self._archive.failing_since()
        if failing_since is not None and now - failing_since > AWAY_AFTER:
            return Trouble("archive", failing_since)
        return None
