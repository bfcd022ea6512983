"""Who did what to whose data, one row each; rows are only ever added. With a call's row goes what it told."""

from collections.abc import Mapping, Sequence
from functools import cache

from sqlalchemy import Engine, Insert, bindparam, insert
from sqlalchemy.dialects import postgresql

from cds.ct.patient import PatientKey
from cds.ports import NOTHING_TOLD, AuditRow, Clock, Telling
from cds.storage.audit_rows import INSERT_ROW, columns_of_row
from cds.storage.engine import without_transactions
from cds.storage.group_commit import GroupCommit
from cds.storage.retractions import note_retraction
from cds.storage.shown_cards import shown_row
from cds.storage.tables import audit, shown_cards
from cds.storage.writing import insert_or_update, or_update

_COLUMNS = ("at", "event", "tenant", "patient_id", "issuer", "outcome", "detail", "caller")
_OF_ROW = "row_"
"""The card has columns of the same names."""

_Entry = tuple[AuditRow, Telling]


class SqlAuditLog:
    """The `AuditLog` and the `CallLog` on SQL.

    SQLite has one writer at a time and makes the others poll for their turn, so there the rows that
    wait share a commit. PostgreSQL does that by itself, and better: there each call has its own commit.
    """

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._single = without_transactions(engine)
        self._clock = clock
        self._keep = GroupCommit(self._write).submit if engine.dialect.name == "sqlite" else self._write_one

    def record(
        self, event: str, patient: PatientKey | None, outcome: str, detail: str = "", *, caller: str | None = None
    ) -> None:
        """On disk when this returns; raises what kept it from getting there."""
        self._keep((AuditRow(event, patient, outcome, detail, caller), NOTHING_TOLD))

    def record_call(self, row: AuditRow, telling: Telling) -> None:
        """The row and what was told in one transaction; raises what kept them from the disk."""
        self._keep((row, telling))

    def _write_one(self, entry: _Entry) -> None:
        row, telling = entry
        if telling.retracted:
            self._write([entry])
            return
        with self._single.begin() as connection:
            if row.patient is None or telling.shown is None:
                connection.execute(INSERT_ROW, {"at": self._clock.now(), **columns_of_row(row)})
            else:
                at = self._clock.now()
                shown = shown_row(telling.shown, row.patient, at)
                connection.execute(_row_and_card(), {**_given({"at": at, **columns_of_row(row)}), **shown})

    def _write(self, entries: Sequence[_Entry]) -> None:
        at = self._clock.now()
        with self._engine.begin() as connection:
            connection.execute(INSERT_ROW, [{"at": at, **columns_of_row(row)} for row, _ in entries])
            for row, telling in entries:
                if row.patient is not None and telling.shown is not None:
                    insert_or_update(connection, shown_cards, shown_row(telling.shown, row.patient, at))
                for each in telling.retracted:
                    note_retraction(connection, each, telling, at)


@cache
def _row_and_card() -> Insert:
    """Both in one statement, hence in one round trip instead of four; PostgreSQL alone can do that."""
    values = {name: bindparam(f"{_OF_ROW}{name}", type_=audit.c[name].type) for name in _COLUMNS}
    row = insert(audit).values(values).cte("row")
    return or_update(postgresql.dialect.name, shown_cards, tuple(shown_cards.c.keys())).add_cte(row)


def _given(row: Mapping[str, object]) -> dict[str, object]:
    return {f"{_OF_ROW}{name}": value for name, value in row.items()}
