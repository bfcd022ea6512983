"""Bulk exports on record: who may work on one is a lease that runs out when its holder dies."""

import uuid
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Engine, Row, and_, delete, func, insert, select, update

from cds.export import Export, ExportFile, ExportProgress, ExportRequest
from cds.ports import Clock
from cds.storage.tables import exports

LEASE = timedelta(seconds=30)
_UNFINISHED = ("queued", "running")


class SqlExports:
    """The `Exports` on SQL."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def begin(self, client_id: str, request: ExportRequest, as_of: int, at_most: int) -> Export | None:
        """Inserted first and counted then: of two that begin at once, the one too many goes."""
        now = self._clock.now()
        export_id = str(uuid.uuid4())
        row = {
            "export_id": export_id,
            "client": client_id,
            "request": asdict(request),
            "as_of": as_of,
            "state": "queued",
            "created_at": now,
            "leased_until": now,
            "lease": "",
            "files": [],
            "progress": asdict(ExportProgress()),
            "fault": "",
        }
        mine = and_(exports.c.client == client_id, exports.c.state.in_(_UNFINISHED))
        with self._engine.begin() as connection:
            connection.execute(insert(exports), row)
            if connection.execute(select(func.count()).select_from(exports).where(mine)).scalar_one() > at_most:
                connection.rollback()
                return None
        return self.read(export_id)

    def read(self, export_id: str) -> Export | None:
        """One of them."""
        with self._engine.connect() as connection:
            row = connection.execute(select(exports).where(exports.c.export_id == export_id)).one_or_none()
        return None if row is None else _export(row)

    def claim(self, export_id: str) -> str | None:
        """A lease, where there is none that is still good."""
        now, lease = self._clock.now(), str(uuid.uuid4())
        free = and_(exports.c.state.in_(_UNFINISHED), exports.c.leased_until <= now)
        values = {"state": "running", "lease": lease, "leased_until": now + LEASE}
        return lease if self._update(export_id, free, values) else None

    def advance(self, export_id: str, lease: str, files: Sequence[ExportFile], progress: ExportProgress) -> bool:
        """Note complete files and renew the lease."""
        values = {
            "files": [asdict(each) for each in files],
            "progress": asdict(progress),
            "leased_until": self._clock.now() + LEASE,
        }
        return self._update(export_id, _held(lease), values)

    def end(self, export_id: str, lease: str, state: Literal["queued", "complete", "failed"]) -> bool:
        """Done, failed, or handed back."""
        now = self._clock.now()
        values = {"state": state, "leased_until": now, "completed_at": None if state == "queued" else now}
        return self._update(export_id, _held(lease), values)

    def cancel(self, export_id: str) -> None:
        """Also of one that is complete: its files are not given out any more."""
        self._update(export_id, exports.c.state != "cancelled", {"state": "cancelled"})

    def forget_before(self, moment: datetime) -> Sequence[str]:
        """Delete those that ended, or stopped, before."""
        old = func.coalesce(exports.c.completed_at, exports.c.leased_until) < moment
        with self._engine.begin() as connection:
            return list(connection.execute(delete(exports).where(old).returning(exports.c.export_id)).scalars())

    def _update(self, export_id: str, condition: ColumnElement[bool], values: dict[str, Any]) -> bool:
        statement = update(exports).where(exports.c.export_id == export_id, condition).values(**values)
        with self._engine.begin() as connection:
            return connection.execute(statement).rowcount == 1


def _held(lease: str) -> ColumnElement[bool]:
    return and_(exports.c.lease == lease, exports.c.state == "running")


def _export(row: Row[tuple[object, ...]]) -> Export:
    asked = dict(row.request)
    groups = asked["groups"]
    return Export(
        export_id=row.export_id,
        client_id=row.client,
        request=ExportRequest(
            **asked
            | {
                "groups": None if groups is None else tuple(groups),
                "types": tuple(asked["types"]),
                "filters": tuple(asked["filters"]),
            }
        ),
        as_of=row.as_of,
        state=row.state,
        created_at=row.created_at,
        completed_at=row.completed_at,
        files=tuple(ExportFile(**each) for each in row.files),
        progress=ExportProgress(**row.progress),
    )
