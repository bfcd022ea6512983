"""Which user was told which finding, and when last: written here, recalled in `card_memory`."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Engine, func, select

from cds.ct.patient import PatientKey
from cds.ports import ShownCard
from cds.storage.moments import month_of
from cds.storage.patient_columns import columns_of
from cds.storage.tables import shown_cards


def shown_row(card: ShownCard, patient: PatientKey, at: datetime) -> dict[str, object]:
    """One row for each result and user."""
    return {
        "result_id": card.result_id,
        "shown_to": card.user or "",
        "shown_at": at,
        "card_id": card.card_id,
        "finding": card.finding,
        "call": card.call or None,
        "service": card.service,
        **columns_of(patient),
    }


class SqlShownCards:
    """What was shown, for reports."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def counts(self) -> Mapping[tuple[str, str], int]:
        """Findings told, by month and service; one told to the same user again counts where it was told last."""
        with self._engine.connect() as connection:
            each = (month_of(connection, shown_cards.c.shown_at).label("month"), shown_cards.c.service)
            named = shown_cards.c.service.is_not(None)
            rows = connection.execute(select(*each, func.count()).where(named).group_by(*each)).all()
        return {(month, service): count for month, service, count in rows}
