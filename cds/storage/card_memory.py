"""What a user did with a card before: told when, overridden when; in one question, since every card asks it."""

from sqlalchemy import Engine, String, bindparam, case, func, select

from cds.ports import Recalled, ShownCard
from cds.storage.engine import without_transactions
from cds.storage.tables import feedback, shown_cards

_CALL = bindparam("call", type_=String)
_TOLD = select(shown_cards.c.shown_at).where(
    shown_cards.c.result_id == bindparam("result"),
    shown_cards.c.shown_to == bindparam("user"),
    shown_cards.c.finding == bindparam("finding"),
    shown_cards.c.call.is_distinct_from(_CALL) | _CALL.is_(None),
)
_TOLD_OTHERWISE = select(shown_cards.c.shown_at).where(
    shown_cards.c.result_id == bindparam("result"),
    shown_cards.c.shown_to == bindparam("user"),
    shown_cards.c.finding != bindparam("finding"),
)
_HAPPENED = case((feedback.c.outcome_at < feedback.c.received_at, feedback.c.outcome_at), else_=feedback.c.received_at)
"""Never later than it was received: a client whose clock runs ahead cannot silence a card for years."""
_OVERRIDDEN = select(func.max(_HAPPENED)).where(
    feedback.c.card_id == bindparam("card"),
    feedback.c.outcome == "overridden",
    feedback.c.client == bindparam("from_client"),
)
_RECALLED = select(
    _TOLD.scalar_subquery().label("told_at"),
    _OVERRIDDEN.scalar_subquery().label("overridden_at"),
    _TOLD_OTHERWISE.scalar_subquery().label("told_otherwise_at"),
)


class SqlCardMemory:
    """The `CardMemory` on SQL."""

    def __init__(self, engine: Engine) -> None:
        self._looking = without_transactions(engine)

    def recall(self, card: ShownCard, client: str) -> Recalled:
        """Not told where it never was, or where something else was told about this result, or in this very call."""
        asked = {
            "result": card.result_id,
            "user": card.user or "",
            "finding": card.finding,
            "call": card.call or None,
            "card": card.card_id,
            "from_client": client,
        }
        with self._looking.connect() as connection:
            row = connection.execute(_RECALLED, asked).one()
        return Recalled(row.told_at, row.overridden_at, row.told_otherwise_at)
