"""An insert that does not wait for the disk: the next commit that waits takes it there, too.

Both databases write their log in order, so whoever leaves another row before an answer goes out has both on the disk.
Whatever else happens to processes, the row is there at once for everybody; only a database server (or, with SQLite, a
machine) that falls over within a second forgets it, and then everything after it as well.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache

from sqlalchemy import Connection, Table, bindparam, func, select, true
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql.dml import ReturningInsert

from cds.storage.writing import insert_once


def insert_once_lazily(connection: Connection, table: Table, row: Mapping[str, object]) -> bool:
    """As `insert_once`; on PostgreSQL the connection must make no transactions of its own."""
    if connection.dialect.name == "postgresql":
        return connection.execute(_once_lazily(table, tuple(row)), row).first() is not None
    with _without_fsync(connection):
        return insert_once(connection, table, row)


@cache
def _once_lazily(table: Table, names: tuple[str, ...]) -> ReturningInsert[*tuple[object, ...]]:
    """Set for this transaction alone, in the same round trip: a pooler may hand the session to somebody else."""
    lazily = select(func.set_config("synchronous_commit", "off", true()).label("lazily")).cte("lazily")
    values = select(*(bindparam(name, type_=table.c[name].type) for name in names)).select_from(lazily)
    insert = postgresql.insert(table).from_select(names, values).on_conflict_do_nothing()
    return insert.returning(*table.primary_key)


@contextmanager
def _without_fsync(connection: Connection) -> Iterator[None]:
    """SQLite, before its transaction begins; the commit is the block's last act."""
    connection.exec_driver_sql("PRAGMA synchronous=NORMAL")
    try:
        yield
        connection.commit()
    finally:
        connection.rollback()  # a transaction that is still open would keep the setting
        connection.exec_driver_sql("PRAGMA synchronous=FULL")
