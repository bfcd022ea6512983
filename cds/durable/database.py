"""The DBOS system tables: a database of their own, beside the application tables."""

import sqlite3
from contextlib import closing
from pathlib import Path

from dbos import DBOS, DBOSClient
from sqlalchemy import make_url

from cds.durable.checkpoints import JsonSerializer

APPLICATION = "osteocds"
QUEUE = "screenings"
WORKFLOW = "screen"
WORKFLOW_VERSION = "three-steps-1"
"""Changes when steps are added, removed or reordered, never with a release: DBOS resumes work
only under the version that began it."""

POLLING_S = 0.05
_BUSY_S = 30.0


def prepare_queue_database(url: str) -> None:
    """Create or upgrade the tables and the queue; before this, no client can connect."""
    file = _sqlite_file(url)
    if file is not None:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    DBOS.migrate(url)
    if file is not None:
        _let_readers_pass(file)
    client = open_client(url)
    try:
        client.register_queue(QUEUE, worker_concurrency=1, polling_interval_sec=POLLING_S)
    finally:
        client.destroy()


def open_client(url: str) -> DBOSClient:
    """A connection that can enqueue and ask, and never runs any work."""
    return DBOSClient(
        system_database_url=url,
        serializer=JsonSerializer(),
        application_name=APPLICATION,
        retry_connection_errors=False,
    )


def _sqlite_file(url: str) -> Path | None:
    parsed = make_url(url)
    return Path(parsed.database) if parsed.get_backend_name() == "sqlite" and parsed.database else None


def _let_readers_pass(file: Path) -> None:
    """WAL is remembered in the file, so that every later connection has it."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")


def shrink(url: str) -> None:
    """Write an SQLite file and its log anew: deleted rows stay in both until then. Nothing to do for PostgreSQL."""
    file = _sqlite_file(url)
    if file is not None:
        with closing(sqlite3.connect(file, timeout=_BUSY_S)) as connection:
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
