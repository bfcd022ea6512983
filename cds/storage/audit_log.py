"""Who did what to whose data, one row each; rows are only ever added. With a call's row goes what it told."""

from collections.abc import Sequence

from sqlalchemy import Connection, Engine, insert

from cds.ct.patient import PatientKey
from cds.ports import NOTHING_TOLD, AuditRow, Clock, Telling
from cds.storage.engine import without_transactions
from cds.storage.group_commit import GroupCommit
from cds.storage.patient_columns import columns_of
from cds.storage.retractions import note_retraction
from cds.storage.shown_cards import note_shown
from cds.storage.tables import audit

_ROW = insert(audit).inline()
_NOBODY = {"tenant": None, "patient_id": None, "issuer": None}

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
        engine = self._single if entry[1] is NOTHING_TOLD else self._engine
        with engine.begin() as connection:
            self._put(connection, [entry])

    def _write(self, entries: Sequence[_Entry]) -> None:
        with self._engine.begin() as connection:
            self._put(connection, entries)

    def _put(self, connection: Connection, entries: Sequence[_Entry]) -> None:
        at = self._clock.now()
        connection.execute(_ROW, [{"at": at, **_columns(row)} for row, _ in entries])
        for row, telling in entries:
            if row.patient is not None and telling.shown is not None:
                note_shown(connection, telling.shown, row.patient, at)
            for each in telling.retracted:
                note_retraction(connection, each, telling, at)


def _columns(row: AuditRow) -> dict[str, str | None]:
    whose = _NOBODY if row.patient is None else columns_of(row.patient)
    return {"event": row.event, "outcome": row.outcome, "detail": row.detail, "caller": row.caller, **whose}
