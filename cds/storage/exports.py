"""Bulk exports on record: who may work on one is a lease that runs out when its holder dies."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import ColumnElement, Engine, Row, and_, delete, func, insert, select, update

from cds.export import Export, ExportFile, ExportProgress, ExportRequest
from cds.ports import Clock
from cds.storage.registry_tables import export_types, exports
from cds.storage.resources import last_moment

LEASE = timedelta(seconds=30)
_UNFINISHED = ("queued", "running")


class SqlExports:
    """The `Exports` on SQL."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def begin(self, client_id: str, request: ExportRequest, at_most: int) -> Export | None:
        """Inserted first and counted then: of two that begin at once, the one too many goes.

        Its moment is taken once it can be seen: a result that is taken back is either entered in error by then,
        or whoever takes it back finds the export.
        """
        export_id = str(uuid.uuid4())
        if not self._insert(export_id, client_id, request, at_most):
            return None
        with self._engine.begin() as connection:
            moment = {"as_of": last_moment(connection)}
            connection.execute(update(exports).where(exports.c.export_id == export_id).values(**moment))
            connection.execute(update(export_types).where(export_types.c.export_id == export_id).values(**moment))
        return self.read(export_id)

    def _insert(self, export_id: str, client_id: str, request: ExportRequest, at_most: int) -> bool:
        now = self._clock.now()
        row = {
            "export_id": export_id,
            "client": client_id,
            "request": asdict(request),
            "as_of": 0,
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
            connection.execute(insert(export_types), [_taking_in(row, request, kind) for kind in request.types])
            if connection.execute(select(func.count()).select_from(exports).where(mine)).scalar_one() > at_most:
                connection.rollback()
                return False
        return True

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

    def hand_out(self, export_id: str, kind: str) -> bool:
        """Locked: whoever withdraws it comes before, and it is not handed out, or after, and finds the note."""
        complete = exports.c.state == "complete"
        locked = select(exports.c.state).where(exports.c.export_id == export_id, complete).with_for_update()
        first = export_types.c.fetched_at.is_(None)
        of_type = and_(export_types.c.export_id == export_id, export_types.c.type == kind)
        with self._engine.begin() as connection:
            connection.execute(update(export_types).where(of_type, first).values(fetched_at=self._clock.now()))
            if connection.execute(locked).first() is None:
                connection.rollback()
                return False
            return True

    def forget_before(self, moment: datetime) -> Sequence[str]:
        """Delete those that ended, or stopped, before; not who has fetched what."""
        old = func.coalesce(exports.c.completed_at, exports.c.leased_until) < moment
        with self._engine.begin() as connection:
            gone = list(connection.execute(delete(exports).where(old).returning(exports.c.export_id)).scalars())
            unfetched = and_(export_types.c.export_id.in_(gone), export_types.c.fetched_at.is_(None))
            connection.execute(delete(export_types).where(unfetched))
        return gone

    def _update(self, export_id: str, condition: ColumnElement[bool], values: dict[str, Any]) -> bool:
        statement = update(exports).where(exports.c.export_id == export_id, condition).values(**values)
        with self._engine.begin() as connection:
            return connection.execute(statement).rowcount == 1


def _taking_in(row: Mapping[str, Any], request: ExportRequest, kind: str) -> dict[str, object]:
    """A row of `export_types`."""
    return {
        **{name: row[name] for name in ("export_id", "client", "as_of")},
        "type": kind,
        "tenant": request.tenant,
        "groups": list(request.groups or ()),
        "since": 0 if request.since is None else request.since,
        "filtered": any(each.startswith(f"{kind}?") for each in request.filters),
        "deidentification": request.deidentification,
    }


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
