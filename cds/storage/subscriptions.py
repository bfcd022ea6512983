"""Subscriptions on record: a claim moves the time of the next try, so that two replicas never deliver at once."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Engine, Row, delete, func, insert, select, update

from cds.ports import Clock
from cds.storage.registry_tables import subscriptions
from cds.subscription import Subscription

CLAIM = timedelta(seconds=30)


class SqlSubscriptions:
    """The `Subscriptions` on SQL."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def begin(self, client_id: str, endpoint: str, seen: int, at_most: int) -> Subscription | None:
        """Inserted first and counted then: of two that begin at once, the one too many goes."""
        subscription_id = str(uuid.uuid4())
        row = {
            "subscription_id": subscription_id,
            "client": client_id,
            "endpoint": endpoint,
            "status": "requested",
            "seen": seen,
            "events": 0,
            "failures": 0,
            "next_try_at": self._clock.now(),
        }
        mine = select(func.count()).select_from(subscriptions).where(subscriptions.c.client == client_id)
        with self._engine.begin() as connection:
            connection.execute(insert(subscriptions), row)
            if connection.execute(mine).scalar_one() > at_most:
                connection.rollback()
                return None
        return self.read(subscription_id)

    def read(self, subscription_id: str) -> Subscription | None:
        """One of them."""
        query = select(subscriptions).where(subscriptions.c.subscription_id == subscription_id)
        with self._engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _subscription(row)

    def due(self) -> Sequence[Subscription]:
        """Requested or active ones whose time has come."""
        query = select(subscriptions).where(
            subscriptions.c.status != "error", subscriptions.c.next_try_at <= self._clock.now()
        )
        with self._engine.connect() as connection:
            return [_subscription(row) for row in connection.execute(query).all()]

    def claim(self, subscription: Subscription) -> bool:
        """Whether nobody else came first."""
        unchanged = (
            subscriptions.c.subscription_id == subscription.subscription_id,
            subscriptions.c.next_try_at == subscription.next_try_at,
            subscriptions.c.seen == subscription.seen,
        )
        later = self._clock.now() + CLAIM
        with self._engine.begin() as connection:
            statement = update(subscriptions).where(*unchanged).values(next_try_at=later)
            return connection.execute(statement).rowcount == 1

    def delivered(self, subscription: Subscription, seen: int, events: int) -> None:
        """It is active now, and may be told more at once."""
        self._update(
            subscription,
            status="active",
            seen=seen,
            events=subscription.events + events,
            failures=0,
            next_try_at=self._clock.now(),
        )

    def failed(self, subscription: Subscription, again_at: datetime | None) -> None:
        """When to try again; None to give up."""
        status = subscription.status if again_at else "error"
        at = again_at or self._clock.now()
        self._update(subscription, status=status, failures=subscription.failures + 1, next_try_at=at)

    def end(self, subscription_id: str) -> None:
        """Forget it."""
        with self._engine.begin() as connection:
            connection.execute(delete(subscriptions).where(subscriptions.c.subscription_id == subscription_id))

    def _update(self, subscription: Subscription, **values: object) -> None:
        mine = subscriptions.c.subscription_id == subscription.subscription_id
        with self._engine.begin() as connection:
            connection.execute(update(subscriptions).where(mine).values(**values))


def _subscription(row: Row[tuple[object, ...]]) -> Subscription:
    return Subscription(
        subscription_id=row.subscription_id,
        client_id=row.client,
        endpoint=row.endpoint,
        status=row.status,
        seen=row.seen,
        events=row.events,
        failures=row.failures,
        next_try_at=row.next_try_at,
    )
