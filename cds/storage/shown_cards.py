"""Which user has seen the card of which result, so that a reason is told once."""

from sqlalchemy import Engine

from cds.ports import Clock
from cds.storage.tables import shown_cards
from cds.storage.writing import insert_once


class SqlShownCards:
    """The `ShownCards` on SQL; right even when the same hook is answered twice at once."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def first_time(self, result_id: str, user: str | None) -> bool:
        """True once for each result and user, then never again; users without a name count as one."""
        row = {"result_id": result_id, "shown_to": user or "", "shown_at": self._clock.now()}
        with self._engine.begin() as connection:
            return insert_once(connection, shown_cards, row)
