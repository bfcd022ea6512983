"""Mirrors cds/doctor/databases.py: each thing that can be wrong, and that looking changes nothing."""

import hashlib
import sqlite3
from contextlib import closing

import pytest
from sqlalchemy import create_engine, make_url, text

from cds.cli.service_process import free_loopback_port
from cds.doctor.databases import (
    check_application_database,
    check_migrations,
    check_queue_database,
    check_workers,
)
from cds.durable.database import prepare_queue_database
from cds.storage import looking
from cds.storage.engine import open_engine
from cds.storage.health import SqlHeartbeats
from cds.storage.migrate import migrate
from tests.support.clock import SettableClock
from tests.support.databases import an_empty_database
from tests.support.hook_site import some_settings

PASSWORD = "correct-horse-battery"


@pytest.fixture
def settings(tmp_path):
    """A site whose data directory is not there yet."""
    return some_settings(data_dir=tmp_path / "data")


@pytest.fixture
def prepared(settings):
    """The same after a first start."""
    settings.data_dir.mkdir()
    migrate(settings.app_database_url)
    return settings


def test_before_the_first_start_nothing_has_failed_and_nothing_is_made(settings):
    """Only warnings, which say what to start."""
    found = [
        check_application_database(settings),
        check_migrations(settings),
        check_queue_database(settings),
        check_workers(settings, SettableClock()),
    ]

    assert {each.state for each in found} == {"warning"}
    assert "osteocds serve" in found[0].advice
    assert not settings.data_dir.exists()


def test_a_prepared_database_is_well_and_stays_byte_for_byte(prepared):
    """Asking whether it may be written writes nothing."""
    file = prepared.data_dir / "osteocds.db"
    before = hashlib.sha256(file.read_bytes()).hexdigest()

    assert check_application_database(prepared).state == "ok"
    assert check_migrations(prepared).state == "ok"
    assert hashlib.sha256(file.read_bytes()).hexdigest() == before


def test_a_prepared_queue_is_well(settings):
    """The tables of DBOS are found."""
    prepare_queue_database(settings.durable_database_url)

    assert check_queue_database(settings).state == "ok"


def test_a_database_that_another_program_holds_cannot_be_written(prepared, monkeypatch):
    """The finding names the setting."""
    monkeypatch.setattr(looking, "_PATIENCE_S", 0)
    with closing(sqlite3.connect(prepared.data_dir / "osteocds.db")) as holder:
        holder.execute("BEGIN IMMEDIATE")
        found = check_application_database(prepared)

    assert found.state == "failed"
    assert "locked" in found.found
    assert "OSTEOCDS_DATABASE_URL" in found.advice


def test_a_file_that_is_no_database_is_told(settings):
    """And left as it is."""
    settings.data_dir.mkdir()
    file = settings.data_dir / "queue.db"
    file.write_bytes(b"these are no pages of a database " * 200)
    before = file.read_bytes()

    found = check_queue_database(settings)

    assert found.state == "failed"
    assert "not a database" in found.found
    assert "OSTEOCDS_QUEUE_DATABASE_URL" in found.advice
    assert file.read_bytes() == before


@pytest.mark.parametrize("url", ["mysql://db/osteocds", "no url at all", f"postgresql://u:{PASSWORD}@[/db"])
def test_what_is_no_database_of_ours_is_refused_without_being_quoted(settings, url):
    """A URL may hold a password."""
    found = check_application_database(settings.model_copy(update={"database_url": url}))

    assert found.state == "failed"
    assert PASSWORD not in found.found + found.advice


def test_a_server_that_is_away_is_told_without_the_password(settings):
    """Host and port help; the password is nobody's business."""
    url = f"postgresql://osteocds:{PASSWORD}@127.0.0.1:{free_loopback_port()}/osteocds"
    away = settings.model_copy(update={"database_url": url})
    found = check_application_database(away)

    assert found.state == "failed"
    assert PASSWORD not in found.found + found.advice
    assert check_migrations(away).state == check_workers(away, SettableClock()).state == "warning"


@pytest.mark.parametrize(("revision", "advice"), [("0001", "osteocds serve"), ("of-the-future", "install")])
def test_tables_of_another_version_are_told_with_what_to_do(prepared, revision, advice):
    """Older tables are upgraded by a start; newer ones need a newer program."""
    with closing(sqlite3.connect(prepared.data_dir / "osteocds.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))

    found = check_migrations(prepared)

    assert found.state == "failed"
    assert advice in found.advice


def test_workers_are_well_silent_or_from_the_future(prepared):
    """Within three heartbeats; beyond, it died; ahead of us, a clock is wrong."""
    clock = SettableClock()
    assert check_workers(prepared, clock).state == "warning"
    engine = open_engine(prepared.app_database_url)
    SqlHeartbeats(engine, clock).beat("worker-1")
    engine.dispose()

    assert check_workers(prepared, clock).state == "ok"
    clock.move_on(seconds=16)
    silent = check_workers(prepared.model_copy(update={"workers": 0}), clock)
    assert silent.state == "failed"
    assert "OSTEOCDS_WORKERS is 0" in silent.advice
    clock.move_on(seconds=-600)
    assert "NTP" in check_workers(prepared, clock).advice


def test_postgresql_is_looked_at_in_the_same_way(tmp_path, settings):
    """Without tables, with tables, and where our user may not write."""
    with an_empty_database("postgresql", tmp_path) as url:
        there = settings.model_copy(update={"database_url": url, "queue_database_url": url})
        assert check_application_database(there).state == "warning"
        migrate(url)
        prepare_queue_database(url)
        assert check_application_database(there).state == check_queue_database(there).state == "ok"

        ours = make_url(url).set(drivername="postgresql+psycopg")
        owner = create_engine(ours, isolation_level="AUTOCOMMIT")
        with owner.connect() as connection:
            connection.execute(text(f'ALTER DATABASE "{ours.database}" SET default_transaction_read_only = on'))
        owner.dispose()
        assert "read only" in check_application_database(there).found
