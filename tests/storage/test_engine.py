"""Mirrors cds/storage/engine.py."""

import threading
from concurrent.futures import ThreadPoolExecutor

from cds.storage.engine import open_engine

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
