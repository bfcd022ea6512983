"""Who did what to whose data, one row each; rows are only ever added."""

from sqlalchemy import Engine, insert

from cds.ct.patient import PatientKey
from cds.ports import Clock
from cds.storage.patient_columns import columns_of
from cds.storage.tables import audit


class SqlAuditLog:
    """The `AuditLog` on SQL."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def record(
        self, event: str, patient: PatientKey | None, outcome: str, detail: str = "", *, caller: str | None = None
    ) -> None:
        """On disk when this returns."""
        whose = {} if patient is None else columns_of(patient)
        row = {"at": self._clock.now(), "event": event, "outcome": outcome, "detail": detail, "caller": caller, **whose}
        with self._engine.begin() as connection:
            connection.execute(insert(audit).values(**row))
