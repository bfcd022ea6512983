"""Brings the application tables to a revision, from any earlier or later one."""

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from cds.storage.engine import open_engine

_ADVISORY_LOCK = 0x0573_0CD5
"""Any number, the same in every process that migrates this PostgreSQL database."""


def migrate(database_url: str, revision: str = "head") -> None:
    """Upgrade in one transaction; of several processes that start together, one does the work."""
    engine = open_engine(database_url)
    try:
        with engine.begin() as connection:
            _wait_for_turn(connection)
            command.upgrade(_configuration(connection), revision)
    finally:
        engine.dispose()


def revert(database_url: str, revision: str = "base") -> None:
    """Downgrade; what the older revision has no place for is lost."""
    engine = open_engine(database_url)
    try:
        with engine.begin() as connection:
            _wait_for_turn(connection)
            command.downgrade(_configuration(connection), revision)
    finally:
        engine.dispose()


def newest_revision() -> str | None:
    """The revision that this version of the program needs."""
    return ScriptDirectory.from_config(_configuration()).get_current_head()


def is_known(revision: str) -> bool:
    """Whether this version of the program has heard of it; a newer one may have been here."""
    scripts = ScriptDirectory.from_config(_configuration())
    return any(each.revision == revision for each in scripts.walk_revisions())


def revision_of(engine: Engine) -> str | None:
    """The revision that the database is at; None before the first migration."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def _wait_for_turn(connection: Connection) -> None:
    """Hold the one lock that other migrating processes wait for until this transaction ends."""
    if connection.dialect.name == "sqlite":
        # The driver begins a transaction only before INSERT and the like, so DDL needs it said.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})")


def _configuration(connection: Connection | None = None) -> Config:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", "cds.storage:migrations")
    config.set_main_option("path_separator", "os")
    return config
