"""How far sweeps of the archive are."""

from datetime import datetime

from sqlalchemy import Engine, select

from cds.storage.tables import sweeps
from cds.storage.writing import insert_or_update
from cds.sweep import Sweep, SweepRequest


class SqlSweepLog:
    """The `SweepLog` on SQL."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def begin(self, request: SweepRequest, now: datetime) -> Sweep:
        """The one that stopped, else a new one; a finished one is no reason not to look again."""
        query = select(sweeps).where(sweeps.c.sweep_id == request.sweep_id)
        with self._engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        if row is not None and row.done < row.units:
            return Sweep(row.sweep_id, row.started_at, row.units, row.done, dict(row.counts))
        begun = Sweep(request.sweep_id, now, request.units)
        self.keep(begun)
        return begun

    def keep(self, sweep: Sweep) -> None:
        """How far it is now."""
        row = {
            "sweep_id": sweep.sweep_id,
            "started_at": sweep.started_at,
            "units": sweep.units,
            "done": sweep.done,
            "counts": sweep.counts,
        }
        with self._engine.begin() as connection:
            insert_or_update(connection, sweeps, row)
