"""What users did with cards, as clients report it, and how often."""

from collections.abc import Sequence

from sqlalchemy import Engine, func, select

from cds.ports import CardFeedback, Clock, FeedbackCount
from cds.storage.moments import month_of
from cds.storage.tables import feedback
from cds.storage.writing import insert_all_once


class SqlFeedbackLog:
    """The `FeedbackLog` on SQL."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def keep(self, service: str, client: str, items: Sequence[CardFeedback]) -> None:
        """The first report of a card, outcome and time stands."""
        # In the order of the key: two batches with the same items then wait for each other, not in a ring.
        ordered = sorted(items, key=lambda item: (item.card_id, item.outcome, item.at))
        received = {"service": service, "client": client, "received_at": self._clock.now()}
        with self._engine.begin() as connection:
            insert_all_once(connection, feedback, [_row_of(item) | received for item in ordered])

    def counts(self) -> Sequence[FeedbackCount]:
        """By month of the outcome in UTC; what users wrote is not read."""
        with self._engine.connect() as connection:
            month = month_of(connection, feedback.c.outcome_at).label("month")
            each = (month, feedback.c.service, feedback.c.outcome, feedback.c.reason_code)
            query = select(*each, func.count().label("count")).group_by(*each).order_by(*each)
            rows = connection.execute(query).all()
        return [FeedbackCount(row[0], row.service, row.outcome, row.reason_code, row[4]) for row in rows]


def _row_of(item: CardFeedback) -> dict[str, object]:
    return {
        "card_id": item.card_id,
        "outcome": item.outcome,
        "outcome_at": item.at,
        "accepted": list(item.accepted),
        "reason_code": item.reason_code,
        "reason_system": item.reason_system,
        "comment": item.comment,
    }
