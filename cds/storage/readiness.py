"""Whether the service can do its work now, as sentences for whoever operates it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from cds.ports import Clock
from cds.storage.health import SqlHeartbeats
from cds.storage.migrate import newest_revision, revision_of
from cds.storage.recalls import SqlRecalls

FRESH = timedelta(seconds=15)
"""Three heartbeats; a worker that missed them all cannot be counted on."""


class SqlReadiness:
    """Asks the database, and through it the workers."""

    def __init__(self, engine: Engine, clock: Clock, generation: str = "") -> None:
        """`generation`: what this site measures with; "" where that is not asked about."""
        self._engine = engine
        self._recalls = SqlRecalls(engine)
        self._generation = generation
        self._clock = clock
        self._heartbeats = SqlHeartbeats(engine, clock)
        self._newest_revision = newest_revision()

    def problems(self) -> Sequence[str]:
        """Nothing when ready; else what is missing, without saying where anything is kept."""
        try:
            revision = revision_of(self._engine)
            last_beat = self._heartbeats.last_beat() if revision else None
            ahead = self._heartbeats.ahead() if revision else None
        except SQLAlchemyError as error:
            return [f"The application database cannot be read ({type(error).__name__})."]
        if revision != self._newest_revision:
            return [f"The application database is at revision {revision}, not {self._newest_revision}."]
        return [*self._of_workers(last_beat, ahead), *self._of_versions()]

    def _of_workers(self, last_beat: datetime | None, ahead: timedelta | None) -> Sequence[str]:
        if last_beat is None and ahead is not None:
            return [f"The clock of a worker is {ahead.total_seconds():.0f} s ahead: set all clocks by NTP."]
        if last_beat is None:
            return ["No worker has started yet."]
        silence = self._clock.now() - last_beat
        return [f"No worker has been heard of for {silence.total_seconds():.0f} s."] if silence > FRESH else []

    def _of_versions(self) -> Sequence[str]:
        if any(each.concerns(self._generation) for each in self._recalls.standing()):
            return ["The version that this service measures with was withdrawn: see osteocds doctor."]
        return []
