"""The `ExportedCopies` on SQL: which exports took in a result, and who has fetched them.

Nothing is looked up in the files: an export holds a resource of its types as it stood at the moment of the export,
if it had changed since the moment that the client asked from. Who is or was in its groups may be in it.
"""

from collections.abc import Callable, Sequence

from sqlalchemy import ColumnElement, Connection, Engine, Row, and_, exists, or_, select, update

from cds.export import HandedOut
from cds.ports import StoredResult
from cds.storage.patient_columns import belongs_to
from cds.storage.registry_tables import export_types, exports, former_group_members, group_members, resources

_KEPT = ("queued", "running", "complete")
_TOOK_IN = and_(
    resources.c.tenant == export_types.c.tenant,
    resources.c.type == export_types.c.type,
    resources.c.type.in_(("Observation", "DiagnosticReport")),
    resources.c.status != "entered-in-error",
    resources.c.last_updated > export_types.c.since,
    resources.c.last_updated <= export_types.c.as_of,
    or_(resources.c.superseded.is_(None), resources.c.superseded > export_types.c.as_of),
)


class SqlExportedCopies:
    """Withdraws them; an export that is still being written is stopped."""

    def __init__(self, engine: Engine, remove_files: Callable[[str], None]) -> None:
        """`remove_files` is given the id of an export."""
        self._engine = engine
        self._remove_files = remove_files

    def holding(self, result: StoredResult) -> Sequence[str]:
        """Ids of exports whose files can be fetched, or will be."""
        with self._engine.connect() as connection:
            return _holding(connection, result)

    def discard(self, result: StoredResult) -> Sequence[str]:
        """First on record, then on disk: where a crash comes between, they are removed when their time is over."""
        with self._engine.begin() as connection:
            held = _holding(connection, result)
            connection.execute(update(exports).where(exports.c.export_id.in_(held)).values(state="withdrawn"))
        for export_id in held:
            self._remove_files(export_id)
        return held

    def handed_out(self, result: StoredResult) -> Sequence[HandedOut]:
        """One for each export that was fetched."""
        fetched = export_types.c.fetched_at.is_not(None)
        query = select(export_types).where(_took_in(result), fetched).order_by(export_types.c.fetched_at)
        with self._engine.connect() as connection:
            groups = _groups_of(connection, result)
            rows = [row for row in connection.execute(query) if _reaches(row, groups)]
        first = {row.export_id: row for row in reversed(rows)}
        sure = {row.export_id for row in rows if not row.filtered}
        return [
            HandedOut(row.client, row.fetched_at, row.deidentification, row.export_id in sure)
            for row in sorted(first.values(), key=lambda row: row.fetched_at)
        ]


def _holding(connection: Connection, result: StoredResult) -> list[str]:
    kept = exists().where(exports.c.export_id == export_types.c.export_id, exports.c.state.in_(_KEPT))
    query = select(export_types).where(_took_in(result), kept).order_by(export_types.c.as_of)
    groups = _groups_of(connection, result)
    return list(dict.fromkeys(row.export_id for row in connection.execute(query) if _reaches(row, groups)))


def _took_in(result: StoredResult) -> ColumnElement[bool]:
    return exists().where(resources.c.result_id == result.result_id, _TOOK_IN)


def _groups_of(connection: Connection, result: StoredResult) -> frozenset[str]:
    """Where the patient is, or was, a member."""
    found: set[str] = set()
    for table in (group_members, former_group_members):
        found |= set(
            connection.execute(select(table.c.group_name).where(belongs_to(table, result.patient.key))).scalars()
        )
    return frozenset(found)


def _reaches(row: Row[tuple[object, ...]], groups: frozenset[str]) -> bool:
    return not row.groups or not groups.isdisjoint(row.groups)
