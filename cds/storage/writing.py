"""Writes that may be repeated: inserted once, or brought up to date."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def insert_once(connection: Connection, table: Table, row: Mapping[str, object]) -> bool:
    """Insert unless the primary key is there already; True if this call inserted."""
    # The row count of such an INSERT is not reported by every driver; a returned row is.
    statement = _insert(connection, table).values(**row).on_conflict_do_nothing()
    return connection.execute(statement.returning(*table.primary_key)).first() is not None


def insert_all_once(connection: Connection, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert those whose primary key is not there already."""
    connection.execute(_insert(connection, table).on_conflict_do_nothing(), list(rows))


def insert_or_update(connection: Connection, table: Table, row: Mapping[str, object]) -> None:
    """Insert, or overwrite the other columns of the row that has this primary key."""
    keys = [column.name for column in table.primary_key]
    rest = {name: value for name, value in row.items() if name not in keys}
    statement = _insert(connection, table).values(**row)
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=rest))


def _insert(connection: Connection, table: Table) -> sqlite.Insert | postgresql.Insert:
    """Both dialects have ON CONFLICT; standard SQL has not."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)
