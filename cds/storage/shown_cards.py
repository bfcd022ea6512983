"""Which user was told which finding, and when last."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, Engine, String, bindparam, func, select

from cds.ct.patient import PatientKey
from cds.ports import ShownCard
from cds.storage.engine import without_transactions
from cds.storage.moments import month_of
from cds.storage.patient_columns import columns_of
from cds.storage.tables import shown_cards
from cds.storage.writing import insert_or_update

_LAST = select(shown_cards.c.shown_at).where(
    shown_cards.c.result_id == bindparam("result"),
    shown_cards.c.shown_to == bindparam("user"),
    shown_cards.c.finding == bindparam("finding"),
    shown_cards.c.call.is_distinct_from(bindparam("call", type_=String)) | bindparam("call", type_=String).is_(None),
)


def note_shown(connection: Connection, card: ShownCard, patient: PatientKey, at: datetime) -> None:
    """One row for each result and user."""
    row = {
        "result_id": card.result_id,
        "shown_to": card.user or "",
        "shown_at": at,
        "card_id": card.card_id,
        "finding": card.finding,
        "call": card.call or None,
        "service": card.service,
        **columns_of(patient),
    }
    insert_or_update(connection, shown_cards, row)


class SqlShownCards:
    """The `ShownCards` on SQL."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._looking = without_transactions(engine)

    def last_shown(self, card: ShownCard) -> datetime | None:
        """None where it never was, or where something else was told about this result, or in this very call."""
        told = {"result": card.result_id, "user": card.user or "", "finding": card.finding, "call": card.call or None}
        with self._looking.connect() as connection:
            return connection.execute(_LAST, told).scalar_one_or_none()

    def counts(self) -> Mapping[tuple[str, str], int]:
        """Findings told, by month and service; one told to the same user again counts where it was told last."""
        with self._engine.connect() as connection:
            each = (month_of(connection, shown_cards.c.shown_at).label("month"), shown_cards.c.service)
            named = shown_cards.c.service.is_not(None)
            rows = connection.execute(select(*each, func.count()).where(named).group_by(*each)).all()
        return {(month, service): count for month, service, count in rows}
