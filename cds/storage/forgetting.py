"""Everything that the application tables know of one patient, and its end.

Every table is asked, also those that come later: by the patient's key where it has one, by result where it has that,
feedback by the cards that were shown. Three kinds of rows stay:

audit         that it happened, when, and who did it; no longer about whom
opt-outs      the wish not to be looked at; it is what keeps it from beginning anew
seen studies  digests, which point to nobody without the UID, for a month from the day of the scan: without them the
              watch over the archive would take the patient's studies for new ones, and have them measured again
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Engine, Table, delete, func, or_, select, update

from cds.ct.patient import PatientKey
from cds.storage.patient_columns import belongs_to
from cds.storage.registry_tables import resources
from cds.storage.schema import metadata
from cds.storage.tables import audit, feedback, opted_out, results, seen_studies, written_back

_KEY = {"tenant", "patient_id", "issuer"}
_STAYS = (audit, opted_out, seen_studies)
_AT_ONCE = 500
"""Ids in one statement: databases limit the number of parameters."""


@dataclass(frozen=True, slots=True)
class PatientRows:
    """What there is of a patient."""

    rows: Mapping[str, int]
    """By table, those that are deleted."""
    audited: int
    """Rows of the audit log that will no longer say whom they were about."""
    elsewhere: Sequence[str]
    """EHRs that have results of the patient, and were not told to take them back."""
    opted_out: bool


class SqlForgetting:
    """For an operator's command."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def plan(self, patient: PatientKey) -> PatientRows:
        """Count, and change nothing."""
        with self._engine.connect() as connection:
            return _counted(connection, patient)

    def forget(self, patient: PatientKey) -> PatientRows:
        """In one transaction; what was forgotten."""
        with self._engine.begin() as connection:
            counted = _counted(connection, patient)
            pointers = _pointers(connection, patient)
            _unname(connection, patient, pointers.results)
            _settle(connection, pointers.studies)
            for table, conditions in _conditions(patient, pointers):
                for condition in conditions:
                    connection.execute(delete(table).where(condition))
            for condition in _chunked(resources.c.result_id, pointers.results):
                # What is nobody's stays (Device), without the result that it first came with.
                connection.execute(update(resources).where(condition).values(result_id=""))
        return counted

    def scrub(self) -> None:
        """SQLite keeps deleted rows in free pages and in its log until both are written anew.

        PostgreSQL reuses their space by itself; its log, replicas and backups have their own time.
        """
        if self._engine.dialect.name == "sqlite":
            with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("VACUUM")
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


@dataclass(frozen=True, slots=True)
class _Pointers:
    """Ids by which other tables mean the patient."""

    results: Sequence[str]
    cards: Sequence[str]
    studies: Sequence[str]
    """Digests of their UIDs."""


def _counted(connection: Connection, patient: PatientKey) -> PatientRows:
    pointers = _pointers(connection, patient)
    rows = {
        table.name: sum(_count(connection, table, condition) for condition in conditions)
        for table, conditions in _conditions(patient, pointers)
    }
    there = written_back.c.state == "written"
    told = select(written_back.c.ehr).where(there, _among(written_back.c.result_id, pointers.results)).distinct()
    return PatientRows(
        {name: count for name, count in sorted(rows.items()) if count},
        _count(connection, audit, _about(patient, pointers.results)),
        tuple(connection.execute(told).scalars()),
        _count(connection, opted_out, belongs_to(opted_out, patient)) > 0,
    )


def _pointers(connection: Connection, patient: PatientKey) -> _Pointers:
    ids: set[str] = set()
    for table in metadata.sorted_tables:
        if "result_id" in table.c and set(table.c.keys()) >= _KEY:
            ids.update(connection.execute(select(table.c.result_id).where(belongs_to(table, patient))).scalars())
    shown = metadata.tables["shown_cards"]
    cards = connection.execute(select(shown.c.card_id).where(_among(shown.c.result_id, ids))).scalars()
    studies = connection.execute(select(results.c.study_uid).where(belongs_to(results, patient))).scalars()
    digests = {hashlib.sha256(uid.encode()).hexdigest() for uid in studies}
    return _Pointers(sorted(ids), sorted(filter(None, cards)), sorted(digests))


def _conditions(patient: PatientKey, pointers: _Pointers) -> Sequence[tuple[Table, Sequence[ColumnElement[bool]]]]:
    """Which rows of which table go; the conditions of one table never mean the same row twice."""
    found: list[tuple[Table, Sequence[ColumnElement[bool]]]] = [
        (feedback, _chunked(feedback.c.card_id, pointers.cards))
    ]
    for table in metadata.sorted_tables:
        if table in _STAYS:
            continue
        by_result = _chunked(table.c.result_id, pointers.results) if "result_id" in table.c else []
        if set(table.c.keys()) >= _KEY:
            mine = belongs_to(table, patient)
            # Rows from before the key was kept have the result alone.
            keyless = table.c.patient_id.is_(None)
            found.append((table, [mine, *(each & keyless for each in by_result)]))
        elif by_result:
            found.append((table, by_result))
    return found


def _unname(connection: Connection, patient: PatientKey, result_ids: Collection[str]) -> None:
    """The detail goes too: it may name a result, whose id is made from the patient's."""
    nobody = {"tenant": None, "patient_id": None, "issuer": None, "detail": "forgotten"}
    connection.execute(update(audit).where(_about(patient, result_ids)).values(**nobody))


def _settle(connection: Connection, studies: Sequence[str]) -> None:
    """Also those that the watch still had something to do about."""
    for condition in _chunked(seen_studies.c.study, studies):
        connection.execute(update(seen_studies).where(condition).values(settled=True))


def _about(patient: PatientKey, result_ids: Collection[str]) -> ColumnElement[bool]:
    return or_(belongs_to(audit, patient), *(audit.c.detail.contains(each, autoescape=True) for each in result_ids))


def _chunked(column: ColumnElement[str], ids: Sequence[str]) -> list[ColumnElement[bool]]:
    return [column.in_(ids[start : start + _AT_ONCE]) for start in range(0, len(ids), _AT_ONCE)]


def _among(column: ColumnElement[str], ids: Collection[str]) -> ColumnElement[bool]:
    return column.in_(sorted(ids))


def _count(connection: Connection, table: Table, condition: ColumnElement[bool]) -> int:
    return int(connection.execute(select(func.count()).select_from(table).where(condition)).scalar_one())
