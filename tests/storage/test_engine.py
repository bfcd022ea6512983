"""Mirrors cds/storage/engine.py."""

import threading
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import NullPool, create_engine, event

import cds.storage.engine
from cds.storage.engine import open_engine
from tests.support.databases import an_empty_database

_PROCESSES = 6


def test_processes_that_open_a_new_file_together_do_not_collide(tmp_path):
    """SQLite refuses one of two that switch a new file to WAL at once; the loser tries again."""
    for attempt in range(20):
        url = f"sqlite:///{tmp_path / f'{attempt}.db'}"
        start = threading.Barrier(_PROCESSES)
        with ThreadPoolExecutor(_PROCESSES) as pool:
            opened = [pool.submit(_journal_mode, url, start) for _ in range(_PROCESSES)]
        assert {mode.result() for mode in opened} == {"wal"}


def _journal_mode(url, start):
    engine = open_engine(url)
    start.wait()
    with engine.connect() as connection:
        mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar()
    engine.dispose()
    return mode


def test_a_connection_that_rested_is_tried_before_it_is_used(tmp_path, monkeypatch):
    """The server was restarted over night: nobody's call fails for that, and one that was just used is trusted."""
    with an_empty_database("postgresql", tmp_path) as url:
        engine = open_engine(url)
        monkeypatch.setattr(cds.storage.engine, "_TRUSTED_S", 0.0)
        with engine.connect() as connection:
            pid = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        with create_engine(engine.url, poolclass=NullPool).connect() as operator:
            operator.exec_driver_sql(f"SELECT pg_terminate_backend({pid}, 5000)")

        with engine.connect() as connection:
            another = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        engine.dispose()

    assert another != pid


def test_more_connections_than_a_small_pool_has_stay_open(tmp_path):
    """Threads that answer hooks together do not open and close one for each statement."""
    engine = open_engine(f"sqlite:///{tmp_path / 'a.db'}")
    opened = []
    event.listen(engine, "connect", lambda *_: opened.append(1))
    for _ in range(3):
        together = [engine.connect() for _ in range(12)]
        for each in together:
            each.close()
    engine.dispose()

    assert len(opened) == 12
