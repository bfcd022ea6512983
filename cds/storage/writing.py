"""Writes that may be repeated: inserted once, or brought up to date.

Statements are built once for each table: hooks write several rows a call, and building costs more than sending.
"""

from collections.abc import Mapping, Sequence
from functools import cache

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert


def insert_once(connection: Connection, table: Table, row: Mapping[str, object]) -> bool:
    """Insert unless the primary key is there already; True if this call inserted."""
    return connection.execute(_once(connection.dialect.name, table), row).first() is not None


def insert_all_once(connection: Connection, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert those whose primary key is not there already."""
    connection.execute(_insert(connection.dialect.name, table).on_conflict_do_nothing(), list(rows))


def insert_or_update(connection: Connection, table: Table, row: Mapping[str, object]) -> None:
    """Insert, or overwrite the other columns of the row that has this primary key."""
    connection.execute(or_update(connection.dialect.name, table, tuple(row)), row)


@cache
def _once(dialect: str, table: Table) -> ReturningInsert[*tuple[object, ...]]:
    """The row count of such an INSERT is not reported by every driver; a returned row is."""
    return _insert(dialect, table).on_conflict_do_nothing().returning(*table.primary_key)


@cache
def or_update(dialect: str, table: Table, names: Sequence[str]) -> sqlite.Insert | postgresql.Insert:
    """The statement for rows with these columns."""
    keys = [column.name for column in table.primary_key]
    statement = _insert(dialect, table)
    rest = {name: statement.excluded[name] for name in names if name not in keys}
    return statement.on_conflict_do_update(index_elements=keys, set_=rest)


def _insert(dialect: str, table: Table) -> sqlite.Insert | postgresql.Insert:
    """Both dialects have ON CONFLICT; standard SQL has not."""
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
