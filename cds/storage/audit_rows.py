"""How an audit row is written: by itself, or in the transaction of what it is about."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, insert

from cds.ports import AuditRow
from cds.storage.patient_columns import columns_of
from cds.storage.tables import audit

INSERT_ROW = insert(audit).inline()
_NOBODY: Mapping[str, None] = {"tenant": None, "patient_id": None, "issuer": None}


def add_row(connection: Connection, row: AuditRow | None, at: datetime) -> None:
    """Together with whatever else the transaction changes, or not at all."""
    if row is not None:
        connection.execute(INSERT_ROW, {"at": at, **columns_of_row(row)})


def columns_of_row(row: AuditRow) -> dict[str, str | None]:
    """All but the time."""
    whose = _NOBODY if row.patient is None else columns_of(row.patient)
    return {"event": row.event, "outcome": row.outcome, "detail": row.detail, "caller": row.caller, **whose}
