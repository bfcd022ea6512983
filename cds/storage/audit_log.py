"""Who did what to whose data, one row each; rows are only ever added."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Engine, insert

from cds.ct.patient import PatientKey
from cds.ports import Clock
from cds.storage.engine import without_transactions
from cds.storage.group_commit import GroupCommit
from cds.storage.patient_columns import columns_of
from cds.storage.tables import audit

_ROW = insert(audit).inline()
_NOBODY = {"tenant": None, "patient_id": None, "issuer": None}

Row = Mapping[str, object]


class SqlAuditLog:
    """The `AuditLog` on SQL.

    SQLite has one writer at a time and makes the others poll for their turn, so there the rows that
    wait share a commit. PostgreSQL does that by itself, and better: there each row is its own commit.
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
        whose = _NOBODY if patient is None else columns_of(patient)
        self._keep({"event": event, "outcome": outcome, "detail": detail, "caller": caller, **whose})

    def _write_one(self, row: Row) -> None:
        with self._single.begin() as connection:
            connection.execute(_ROW, {"at": self._clock.now(), **row})

    def _write(self, rows: Sequence[Row]) -> None:
        at = self._clock.now()
        with self._engine.begin() as connection:
            connection.execute(_ROW, [{"at": at, **row} for row in rows])
