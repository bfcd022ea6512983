"""A look at a database that changes nothing: no file, folder, table or journal mode is made.

`open_engine` is for those who work with it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import Engine, NullPool, create_engine, inspect, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from cds.errors import OsteocdsError
from cds.storage.engine import with_our_driver

_PATIENCE_S: Final = 5


class DatabaseUnusable(OsteocdsError):
    """A database cannot be reached, read or written; says why, without a password."""


class DatabaseNotMade(DatabaseUnusable):
    """The SQLite file is not there yet."""


@contextmanager
def looking_at(database_url: str) -> Iterator[Engine]:
    """An engine for a look; inside, whatever the database refuses becomes `DatabaseUnusable`."""
    url = _understood(database_url)
    engine = create_engine(_only_if_there(url), hide_parameters=True, poolclass=NullPool, connect_args=_patience(url))
    try:
        yield engine
    except SQLAlchemyError as error:
        raise DatabaseUnusable(_reason(error, url)) from None
    finally:
        engine.dispose()


def try_to_write(engine: Engine, table: str) -> None:
    """Raise `DatabaseUnusable` unless rows of the table may be written; none is. `table` may name its schema."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN IMMEDIATE")  # takes the lock of a writer; closing gives it back
            return
        if connection.scalar(text("SELECT current_setting('transaction_read_only')")) == "on":
            raise DatabaseUnusable("the server takes no writes: it is a standby, or set to read only")
        if not connection.scalar(text("SELECT has_table_privilege(:table, 'INSERT')"), {"table": table}):
            raise DatabaseUnusable(f"our user may not write the table {table}")


def has_table(engine: Engine, table: str) -> bool:
    """Whether it was made."""
    schema, _, name = table.rpartition(".")
    return inspect(engine).has_table(name, schema or None)


def server_time(engine: Engine) -> datetime | None:
    """The clock of the database server, aware; None where there is no server."""
    if engine.dialect.name == "sqlite":
        return None
    with engine.connect() as connection:
        moment: datetime | None = connection.scalar(text("SELECT clock_timestamp()"))
    return moment


def _understood(database_url: str) -> URL:
    try:
        url = with_our_driver(make_url(database_url))
    except (ArgumentError, ValueError):
        raise DatabaseUnusable("this is no database URL") from None
    if url.get_backend_name() not in ("sqlite", "postgresql"):
        raise DatabaseUnusable(f"{url.get_backend_name()} is neither sqlite nor postgresql")
    return url


def _only_if_there(url: URL) -> URL:
    """SQLite makes a file that is not there, unless told by a URI of its own."""
    if url.get_backend_name() != "sqlite":
        return url
    file = Path(url.database or "")
    if not file.is_file():
        raise DatabaseNotMade(f"{file} is not there yet")
    return url.set(database=file.absolute().as_uri(), query={"mode": "rw", "uri": "true"})


def _patience(url: URL) -> dict[str, int]:
    return {"timeout" if url.get_backend_name() == "sqlite" else "connect_timeout": _PATIENCE_S}


def _reason(error: SQLAlchemyError, url: URL) -> str:
    """The first line of what the driver says, which names host and user, never a statement's values."""
    said = str(getattr(error, "orig", None) or type(error).__name__).strip().splitlines()[0]
    return said.replace(url.password, "***") if url.password else said
