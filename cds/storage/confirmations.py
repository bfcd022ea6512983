"""When the archive was last asked about each result, and whose turn it is to ask."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Engine, Select, and_, case, or_, select, update

from cds.ct.patient import PatientKey
from cds.ports import Clock, FiledResult
from cds.retraction import NO_LONGER_THERE
from cds.storage.moments import is_ahead, is_due
from cds.storage.opt_outs import may_have_opted_out
from cds.storage.patient_columns import belongs_to, identity_of
from cds.storage.reviews import was_rejected
from cds.storage.tables import errand_turns, results
from cds.storage.writing import insert_once

_ERRAND = "reconfirmation"
_OURS = errand_turns.c.errand == _ERRAND
_COLUMNS = (
    *(results.c.result_id, results.c.tenant, results.c.patient_id, results.c.issuer),
    *(results.c.birth_date, results.c.sex, results.c.study_uid, results.c.series_uid),
    *(results.c.withdrawn_at, results.c.missing_since),
)


class SqlConfirmations:
    """The `ResultConfirmations` on SQL."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def take_turn(self, now: datetime, every: timedelta) -> bool:
        """Of several that ask at once, one gets it: the row changes once."""
        due = _OURS & is_due(errand_turns.c.taken_at, now, every)
        with self._engine.begin() as connection:
            if insert_once(connection, errand_turns, {"errand": _ERRAND, "taken_at": now}):
                return True
            return bool(connection.execute(update(errand_turns).where(due).values(taken_at=now)).rowcount)

    def due(
        self, *, asked_before: datetime, missing_before: datetime, withdrawn_after: datetime, at_most: int
    ) -> Sequence[FiledResult]:
        """Those that were missing first, then whichever was asked about longest ago; not whoever has opted out."""
        shown = results.c.withdrawn_at.is_(None)
        went = and_(
            results.c.withdrawn_why == NO_LONGER_THERE, results.c.withdrawn_at > withdrawn_after, ~was_rejected()
        )
        asked = results.c.asked_at
        filed = select(*_COLUMNS).where(~may_have_opted_out(results))
        since = results.c.missing_since
        missing = filed.where(shown, or_(since <= missing_before, is_ahead(since, self._clock.now())))
        turn = filed.where(
            or_(shown, went),
            results.c.missing_since.is_(None),
            or_(asked.is_(None), asked <= asked_before, is_ahead(asked, self._clock.now())),
        )
        first = self._filed(missing.order_by(results.c.missing_since).limit(at_most))
        return [*first, *self._filed(turn.order_by(asked).limit(at_most - len(first)))]

    def of(self, patient: PatientKey) -> Sequence[FiledResult]:
        """Those that are not withdrawn, set aside or missing ones too."""
        return self._filed(select(*_COLUMNS).where(belongs_to(results, patient), results.c.withdrawn_at.is_(None)))

    def held(self, result_id: str, at: datetime) -> None:
        """Asked about, and nothing is open."""
        self._note(result_id, asked_at=at, missing_since=None)

    def missed(self, result_id: str, at: datetime) -> None:
        """The first time stands, unless a clock that was wrong wrote it."""
        before = results.c.missing_since
        unknown = or_(before.is_(None), is_ahead(before, self._clock.now()))
        self._note(result_id, asked_at=at, missing_since=case((unknown, at), else_=before))

    def _note(self, result_id: str, **values: object) -> None:
        with self._engine.begin() as connection:
            connection.execute(update(results).where(results.c.result_id == result_id).values(**values))

    def _filed(self, query: Select[tuple[object, ...]]) -> list[FiledResult]:
        with self._engine.connect() as connection:
            return [
                FiledResult(
                    row.result_id,
                    identity_of(row),
                    row.study_uid,
                    row.series_uid,
                    row.withdrawn_at is not None,
                    row.missing_since,
                )
                for row in connection.execute(query)
            ]
