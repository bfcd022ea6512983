"""The connection to the application tables: SQLite in one file, or PostgreSQL."""

import sqlite3
import time
from pathlib import Path

from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

_BUSY_MS = 10_000
"""How long a writer waits for another before it gives up; the longest write takes milliseconds."""
_RETRY_S = 0.01
_USED_AT = "used_at"
_SINGLE = "osteocds_single"
_TRUSTED_S = 1.0
"""Within which a connection that worked is taken to work still."""
_KEPT_OPEN = 20
"""At least as many as there are threads that answer hooks: beyond it each use opens a connection and closes it again,
which costs ten times what is asked through it."""


def open_engine(database_url: str) -> Engine:
    """An engine for the whole life of the process; nothing is connected until it is used.

    Errors do not quote the values of a statement: those are patient data.
    """
    url = with_our_driver(make_url(database_url))
    if url.get_backend_name() != "sqlite":
        return _server_engine(url)
    _make_private_folder(url)
    in_memory = url.database in (None, "", ":memory:")
    engine = create_engine(url, hide_parameters=True, **({} if in_memory else {"pool_size": _KEPT_OPEN}))
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


def without_transactions(engine: Engine) -> Engine:
    """The same database, where each statement is a transaction of its own: one round trip instead of three.

    For visits that make one statement, or only look. SQLite makes no round trips.
    """
    single = engine.get_execution_options().get(_SINGLE)
    return single if isinstance(single, Engine) else engine


def _server_engine(url: URL) -> Engine:
    """Connections without transactions are a pool of their own: to switch one over and back costs as much as a look."""
    engine = create_engine(url, hide_parameters=True, pool_size=_KEPT_OPEN)
    single = create_engine(url, hide_parameters=True, pool_size=_KEPT_OPEN, isolation_level="AUTOCOMMIT")
    for each in (engine, single):
        _try_rested_connections(each)
    event.listen(engine, "engine_disposed", lambda _: single.dispose())
    engine.update_execution_options(**{_SINGLE: single})
    return engine


def with_our_driver(url: URL) -> URL:
    """`postgresql://` means psycopg 3 here; SQLAlchemy alone would look for psycopg2."""
    return url.set(drivername="postgresql+psycopg") if url.drivername in ("postgresql", "postgres") else url


def _try_rested_connections(engine: Engine) -> None:
    """A connection that was not used just now is tried before it is used: the server may have been restarted."""

    def note_use(_: DBAPIConnection, kept: ConnectionPoolEntry) -> None:
        kept.info[_USED_AT] = time.monotonic()

    def try_if_rested(connection: DBAPIConnection, kept: ConnectionPoolEntry, _: PoolProxiedConnection) -> None:
        used_at = kept.info.get(_USED_AT)
        if used_at is None or time.monotonic() - used_at < _TRUSTED_S:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise DisconnectionError from error  # the pool opens another

    event.listen(engine, "checkin", note_use)
    event.listen(engine, "checkout", try_if_rested)


def _make_private_folder(url: URL) -> None:
    if url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(mode=0o700, parents=True, exist_ok=True)


def _prepare_sqlite(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
    """Readers never wait for the writer (WAL); what was committed survives a power cut (FULL)."""
    connection.execute(f"PRAGMA busy_timeout={_BUSY_MS}")
    _switch_to_wal(connection)
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """Two processes that switch a new file at once: SQLite fails one of them without the busy timeout."""
    give_up = time.monotonic() + _BUSY_MS / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                raise
            time.sleep(_RETRY_S)
        else:
            return
