"""Which result goes to which EHR, and how far that is; shared by all workers.

A claim is a lease: one UPDATE that only one worker wins, in SQLite and PostgreSQL alike. A worker
that dies keeps nothing: its lease ends, and the delivery is claimed again.
"""

import uuid
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Engine, Row, Select, and_, exists, func, not_, or_, select, update

from cds.ehr import Delivery, DeliveryState, RemoteResource
from cds.ports import Clock, DueDelivery, Outgoing, StoredResult
from cds.storage.assessments import RESULTS_AS_READ, stored_result
from cds.storage.patient_columns import belongs_to
from cds.storage.tables import results, reviews, written_back
from cds.storage.writing import insert_once

LEASE = timedelta(minutes=10)
"""Longer than a delivery may take with all its requests and their time limits."""
_OPEN: tuple[DeliveryState, ...] = ("waiting", "unresolved")
_LAST_REVIEW = (
    select(func.coalesce(func.max(reviews.c.number), 0))
    .where(reviews.c.result_id == results.c.result_id)
    .correlate(results)
    .scalar_subquery()
)


class SqlOutbox:
    """The `Outbox` on SQL."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def offer(self, ehr: str, result_id: str) -> None:
        """Due at once."""
        now = self._clock.now()
        row = {
            "ehr": ehr,
            "result_id": result_id,
            "state": "waiting",
            "attempts": 0,
            "next_at": now,
            "leased_until": now,
            "lease": "",
            "why": "",
            "remote": [],
            "seen_review": 0,
            "seen_withdrawn": False,
        }
        with self._engine.begin() as connection:
            insert_once(connection, written_back, row)

    def reopen_changed(self) -> int:
        """What was settled for a result as it stands no more."""
        withdrawn = results.c.withdrawn_at.is_not(None)
        changed = or_(
            written_back.c.seen_measured_at.is_distinct_from(results.c.measured_at),
            written_back.c.seen_review != _LAST_REVIEW,
            and_(written_back.c.seen_withdrawn, not_(withdrawn)),
            and_(not_(written_back.c.seen_withdrawn), withdrawn),
        )
        is_changed = exists().where(results.c.result_id == written_back.c.result_id, changed)
        settled = written_back.c.state.not_in(_OPEN)
        statement = update(written_back).where(settled, is_changed)
        with self._engine.begin() as connection:
            reopened = connection.execute(statement.values(state="waiting", attempts=0, next_at=self._clock.now()))
            return reopened.rowcount

    def claim(self, ehr: str, *, only_withdrawn: bool) -> DueDelivery | None:
        """A row that another worker takes at the same moment is passed over."""
        now, withdrawn = self._clock.now(), results.c.withdrawn_at.is_not(None)
        free = and_(
            written_back.c.ehr == ehr,
            written_back.c.state.in_(_OPEN),
            written_back.c.leased_until <= now,
            # what is wrong in a chart does not wait for a patient to be found
            or_(written_back.c.next_at <= now, and_(written_back.c.state == "unresolved", withdrawn)),
            *([withdrawn] if only_withdrawn else []),
        )
        query = (
            select(written_back.c.result_id)
            .join(results, results.c.result_id == written_back.c.result_id)
            .where(free)
            .order_by(results.c.withdrawn_at.is_(None), written_back.c.next_at)
            .limit(1)
        )
        while True:
            with self._engine.connect() as connection:
                result_id = connection.execute(query).scalar_one_or_none()
            if result_id is None:
                return None
            lease = str(uuid.uuid4())
            with self._engine.begin() as connection:
                mine = and_(_is(ehr, result_id), written_back.c.state.in_(_OPEN), written_back.c.leased_until <= now)
                statement = update(written_back).where(mine)
                # Counted before it is tried: a worker that dies now may have written it.
                counted = {"lease": lease, "leased_until": now + LEASE, "attempts": written_back.c.attempts + 1}
                if connection.execute(statement.values(**counted)).rowcount:
                    return self._due(connection, ehr, result_id, lease)

    def settle(self, due: DueDelivery, delivery: Delivery) -> None:
        """For the result as it stood when it was claimed: what has changed since is seen by `reopen_changed`."""
        result = due.outgoing.result
        values = {
            "state": delivery.state,
            "attempts": delivery.attempts,
            "next_at": delivery.next_at,
            "leased_until": self._clock.now(),
            "lease": "",
            "why": delivery.why,
            "remote": [[each.type, each.identifier, each.id, each.version] for each in delivery.remote],
            "told": delivery.told,
            "seen_measured_at": result.measured_at,
            "seen_review": 0 if result.review is None else result.review.number,
            "seen_withdrawn": due.withdrawn_why is not None,
        }
        mine = and_(_is(delivery.ehr, delivery.result_id), written_back.c.lease == due.lease)
        with self._engine.begin() as connection:
            connection.execute(update(written_back).where(mine).values(**values))

    def hold(self, ehr: str, until: datetime) -> None:
        """Whatever would be due earlier."""
        earlier = and_(written_back.c.ehr == ehr, written_back.c.state.in_(_OPEN), written_back.c.next_at < until)
        with self._engine.begin() as connection:
            connection.execute(update(written_back).where(earlier).values(next_at=until))

    def listed(self, states: Collection[DeliveryState] = ()) -> Sequence[Delivery]:
        """By EHR; what waits longest first."""
        query = select(written_back).order_by(written_back.c.ehr, written_back.c.next_at, written_back.c.result_id)
        return self._deliveries(query.where(written_back.c.state.in_(states)) if states else query)

    def of(self, result_id: str) -> Sequence[Delivery]:
        """Of one result, by EHR."""
        query = select(written_back).where(written_back.c.result_id == result_id)
        return self._deliveries(query.order_by(written_back.c.ehr))

    def retry(self, result_id: str | None = None) -> int:
        """What was given up starts anew."""
        which = [] if result_id is None else [written_back.c.result_id == result_id]
        stuck = and_(written_back.c.state.in_((*_OPEN, "given-up")), *which)
        values = {"state": "waiting", "next_at": self._clock.now()}
        with self._engine.begin() as connection:
            return connection.execute(update(written_back).where(stuck).values(**values)).rowcount

    def _deliveries(self, query: Select[tuple[object, ...]]) -> Sequence[Delivery]:
        with self._engine.connect() as connection:
            return [_delivery(row, row.attempts) for row in connection.execute(query)]

    def _due(self, connection: Connection, ehr: str, result_id: str, lease: str) -> DueDelivery:
        row = connection.execute(select(written_back).where(_is(ehr, result_id))).one()
        extra = select(results.c.bundle, results.c.withdrawn_at, results.c.withdrawn_why)
        kept = connection.execute(extra.where(results.c.result_id == result_id)).one()
        result = stored_result(connection.execute(RESULTS_AS_READ.where(results.c.result_id == result_id)).one())
        outgoing = Outgoing(result, bytes(kept.bundle), self._replaced(connection, ehr, result))
        why = None if kept.withdrawn_at is None else (kept.withdrawn_why or "withdrawn")
        return DueDelivery(_delivery(row, row.attempts - 1), outgoing, why, lease)

    def _replaced(self, connection: Connection, ehr: str, result: StoredResult) -> RemoteResource | None:
        """The last Observation that this EHR has of an earlier measurement of the same images."""
        earlier = (
            select(written_back.c.remote)
            .join(results, results.c.result_id == written_back.c.result_id)
            .where(
                written_back.c.ehr == ehr,
                written_back.c.state == "written",
                belongs_to(results, result.patient.key),
                results.c.series_uid == result.assessment.acquisition.series_uid,
                results.c.result_id != result.result_id,
                results.c.measured_at < result.measured_at,
            )
            .order_by(results.c.measured_at.desc())
            .limit(1)
        )
        remote = _remote(connection.execute(earlier).scalar_one_or_none() or [])
        return next((each for each in remote if each.type == "Observation" and "/" not in each.identifier), None)


def _is(ehr: str, result_id: str) -> ColumnElement[bool]:
    return and_(written_back.c.ehr == ehr, written_back.c.result_id == result_id)


def _delivery(row: Row[tuple[object, ...]], attempts: int) -> Delivery:
    return Delivery(
        ehr=row.ehr,
        result_id=row.result_id,
        state=row.state,
        attempts=attempts,
        next_at=row.next_at,
        why=row.why,
        remote=_remote(row.remote),
        told=row.told,
    )


def _remote(listed: Sequence[Sequence[str]]) -> tuple[RemoteResource, ...]:
    return tuple(RemoteResource(*each) for each in listed)
