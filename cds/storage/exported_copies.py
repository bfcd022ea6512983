"""The `ExportedCopies` on SQL: which exports took in a result, and who has fetched them.

Nothing is looked up in the files: an export holds a resource of its types as it stood at the moment of the export,
if it had changed since the moment that the client asked from. Who is or was in its groups may be in it.
"""

from collections.abc import Callable, Sequence

from sqlalchemy import ColumnElement, Connection, Engine, Row, and_, exists, or_, select, update

from cds.ct.patient import PatientKey
from cds.export import HandedOut
from cds.ports import StoredResult
from cds.storage.patient_columns import belongs_to
from cds.storage.registry_tables import export_types, exports, former_group_members, group_members, resources

_KEPT = ("queued", "running", "complete")
_TOOK_IN = and_(
    resources.c.tenant == export_types.c.tenant,
    resources.c.type == export_types.c.type,
    resources.c.last_updated > export_types.c.since,
    resources.c.last_updated <= export_types.c.as_of,
    or_(resources.c.superseded.is_(None), resources.c.superseded > export_types.c.as_of),
)
_AS_VALID = and_(resources.c.type.in_(("Observation", "DiagnosticReport")), resources.c.status != "entered-in-error")


class SqlExportedCopies:
    """Withdraws them; an export that is still being written is stopped."""

    def __init__(self, engine: Engine, remove_files: Callable[[str], None]) -> None:
        """`remove_files` is given the id of an export."""
        self._engine = engine
        self._remove_files = remove_files

    def holding(self, result: StoredResult) -> Sequence[str]:
        """Ids of exports whose files can be fetched, or will be."""
        with self._engine.connect() as connection:
            return _holding(connection, _valid(result), result.patient.key)

    def holding_of(self, patient: PatientKey) -> Sequence[str]:
        """Those that have anything of the patient, also what is entered in error."""
        with self._engine.connect() as connection:
            return _holding(connection, _anything(patient), patient)

    def discard(self, result: StoredResult) -> Sequence[str]:
        """First on record, then on disk: where a crash comes between, they are removed when their time is over."""
        return self._discard(_valid(result), result.patient.key)

    def discard_of(self, patient: PatientKey) -> Sequence[str]:
        """Whatever has a line of the patient; call it while the patient's resources are still on record."""
        return self._discard(_anything(patient), patient)

    def handed_out(self, result: StoredResult) -> Sequence[HandedOut]:
        """One for each export that was fetched."""
        return self._handed_out(_valid(result), result.patient.key)

    def handed_out_of(self, patient: PatientKey) -> Sequence[HandedOut]:
        """The same for anything of the patient."""
        return self._handed_out(_anything(patient), patient)

    def _discard(self, took_in: ColumnElement[bool], patient: PatientKey) -> Sequence[str]:
        with self._engine.begin() as connection:
            held = _holding(connection, took_in, patient)
            connection.execute(update(exports).where(exports.c.export_id.in_(held)).values(state="withdrawn"))
        for export_id in held:
            self._remove_files(export_id)
        return held

    def _handed_out(self, took_in: ColumnElement[bool], patient: PatientKey) -> Sequence[HandedOut]:
        fetched = export_types.c.fetched_at.is_not(None)
        query = select(export_types).where(took_in, fetched).order_by(export_types.c.fetched_at)
        with self._engine.connect() as connection:
            groups = _groups_of(connection, patient)
            rows = [row for row in connection.execute(query) if _reaches(row, groups)]
        first = {row.export_id: row for row in reversed(rows)}
        sure = {row.export_id for row in rows if not row.filtered}
        return [
            HandedOut(row.client, row.fetched_at, row.deidentification, row.export_id in sure)
            for row in sorted(first.values(), key=lambda row: row.fetched_at)
        ]


def _holding(connection: Connection, took_in: ColumnElement[bool], patient: PatientKey) -> list[str]:
    kept = exists().where(exports.c.export_id == export_types.c.export_id, exports.c.state.in_(_KEPT))
    query = select(export_types).where(took_in, kept).order_by(export_types.c.as_of)
    groups = _groups_of(connection, patient)
    return list(dict.fromkeys(row.export_id for row in connection.execute(query) if _reaches(row, groups)))


def _valid(result: StoredResult) -> ColumnElement[bool]:
    return exists().where(resources.c.result_id == result.result_id, _AS_VALID, _TOOK_IN)


def _anything(patient: PatientKey) -> ColumnElement[bool]:
    return exists().where(belongs_to(resources, patient), _TOOK_IN)


def _groups_of(connection: Connection, patient: PatientKey) -> frozenset[str]:
    """Where the patient is, or was, a member."""
    found: set[str] = set()
    for table in (group_members, former_group_members):
        found |= set(connection.execute(select(table.c.group_name).where(belongs_to(table, patient))).scalars())
    return frozenset(found)


def _reaches(row: Row[tuple[object, ...]], groups: frozenset[str]) -> bool:
    return not row.groups or not groups.isdisjoint(row.groups)
