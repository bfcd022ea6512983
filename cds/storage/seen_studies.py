"""What the watch over the archive saw, and whose turn it is to look."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import Engine, delete, func, select, update

from cds.storage.moments import is_due
from cds.storage.tables import archive_watch, seen_studies
from cds.storage.writing import insert_once, insert_or_update
from cds.study import SeenStudy, WatchTurn

_ARCHIVE = "archive"
_OURS = archive_watch.c.archive == _ARCHIVE


class SqlSeenStudies:
    """The `SeenStudies` on SQL."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def take_turn(self, now: datetime, every: timedelta, far_every: timedelta) -> WatchTurn | None:
        """Of several that ask at once, one gets it: the row changes once."""
        with self._engine.begin() as connection:
            if insert_once(connection, archive_watch, {"archive": _ARCHIVE, "looked_at": now, "looked_far_at": None}):
                return WatchTurn(first=True, far=True)
            due = _OURS & is_due(archive_watch.c.looked_at, now, every)
            if not connection.execute(update(archive_watch).where(due).values(looked_at=now)).rowcount:
                return None
            last_far = archive_watch.c.looked_far_at
            asked = select(last_far.is_(None), is_due(last_far, now, far_every)).where(_OURS)
            first, far = connection.execute(asked).one()
        return WatchTurn(first=first, far=first or far)

    def looked_far(self, now: datetime) -> None:
        """The next look far back is due so much later."""
        with self._engine.begin() as connection:
            connection.execute(update(archive_watch).where(_OURS).values(looked_far_at=now))

    def oldest_unsettled(self) -> date | None:
        """Day of the oldest study that something is left to do about."""
        query = select(func.min(seen_studies.c.study_date)).where(seen_studies.c.settled.is_(False))
        with self._engine.connect() as connection:
            found: date | None = connection.execute(query).scalar_one()
        return found

    def since(self, day: date) -> Mapping[str, SeenStudy]:
        """By digest."""
        query = select(seen_studies).where(seen_studies.c.study_date >= day)
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
        return {row.study: SeenStudy(row.study, row.study_date, row.instances, row.settled) for row in rows}

    def keep(self, studies: Sequence[SeenStudy]) -> None:
        """All in one transaction."""
        with self._engine.begin() as connection:
            for each in studies:
                row = {"study": each.digest, "study_date": each.study_date}
                state = {"instances": each.instances, "settled": each.settled}
                insert_or_update(connection, seen_studies, row | state)

    def forget_before(self, day: date) -> None:
        """Settled or not."""
        with self._engine.begin() as connection:
            connection.execute(delete(seen_studies).where(seen_studies.c.study_date < day))
