"""Mirrors cds/storage/lazily.py."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.exc import StatementError

from cds.storage.audit_log import SqlAuditLog
from cds.storage.engine import without_transactions
from cds.storage.lazily import insert_once_lazily
from cds.storage.tables import used_tokens

NORMAL, FULL = 1, 2
ROW = {"client": "https://ehr.example.org", "token": "0" * 64, "expires_at": datetime(2026, 3, 2, tzinfo=UTC)}


def inserted(engine, **changes):
    """One row, as `SqlUsedTokens` inserts it."""
    with without_transactions(engine).connect() as connection:
        return insert_once_lazily(connection, used_tokens, ROW | changes)


def test_a_row_is_there_at_once_and_once(engine):
    """For whoever looks through another connection."""
    first, again = inserted(engine), inserted(engine)

    with engine.connect() as connection:
        assert connection.execute(select(used_tokens.c.token)).scalars().all() == ["0" * 64]
    assert (first, again) == (True, False)


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_the_next_row_of_the_audit_takes_it_to_the_disk(engine, clock):
    """When a row is committed that waits, the log is on the disk to beyond the row that did not."""
    inserted(engine)
    with engine.connect() as connection:
        written = connection.scalar(text("SELECT pg_current_wal_insert_lsn()"))

    SqlAuditLog(engine, clock).record("hook", None, "known")

    with engine.connect() as connection:
        assert connection.scalar(text("SELECT pg_current_wal_flush_lsn() >= CAST(:lsn AS pg_lsn)"), {"lsn": written})


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_postgresql_does_not_wait_for_this_insert_alone(engine):
    """A trigger sees what holds within the statement; the session goes back to the pool as it came."""
    with without_transactions(engine).connect() as connection:
        connection.exec_driver_sql(
            "CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " NEW.client := current_setting('synchronous_commit'); RETURN NEW; END $$"
        )
        connection.exec_driver_sql(
            "CREATE TRIGGER note BEFORE INSERT ON used_tokens FOR EACH ROW EXECUTE FUNCTION note()"
        )

        insert_once_lazily(connection, used_tokens, ROW)

        assert connection.execute(select(used_tokens.c.client)).scalar_one() == "off"
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize("expires_at", [ROW["expires_at"], "soon"])
def test_sqlite_does_not_wait_for_this_insert_alone(engine, expires_at):
    """Nor where the insert fails does the connection keep the setting."""
    within = []

    @event.listens_for(engine, "before_execute")
    def look(connection, *_):
        within.append(connection.connection.execute("PRAGMA synchronous").fetchone()[0])

    with engine.connect() as connection:
        try:
            insert_once_lazily(connection, used_tokens, ROW | {"expires_at": expires_at})
        except StatementError:
            assert expires_at == "soon"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == FULL

    assert within == [NORMAL]
