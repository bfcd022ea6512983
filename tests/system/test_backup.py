"""Backup and restore as docker/README.md writes them down, on both databases, while somebody writes."""

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from cds.durable.database import prepare_queue_database
from cds.durable.queue import DbosScreeningQueue
from cds.storage.assessments import SqlAssessmentStore
from cds.storage.engine import open_engine
from cds.storage.migrate import migrate
from tests.support.assessments import GENERATION, a_key, a_patient, a_result, an_order
from tests.support.clock import SettableClock
from tests.support.databases import an_empty_database

pytestmark = pytest.mark.system


def fill(app_url, queue_url):
    """A result of one patient, a waiting order of another."""
    migrate(app_url)
    prepare_queue_database(queue_url)
    keep(app_url, a_result())
    queue = DbosScreeningQueue(queue_url, GENERATION, SettableClock())
    queue.submit(an_order(a_patient(a_key("WAITING"))))
    queue.close()


def keep(app_url, result):
    """Store one result."""
    engine = open_engine(app_url)
    SqlAssessmentStore(engine, SettableClock()).keep(result, b"{}")
    engine.dispose()


def known(app_url, queue_url):
    """(the result, where the order stands) after a start, which migrates."""
    migrate(app_url)
    prepare_queue_database(queue_url)
    engine = open_engine(app_url)
    result = SqlAssessmentStore(engine, SettableClock()).latest(a_key())
    engine.dispose()
    queue = DbosScreeningQueue(queue_url, GENERATION, SettableClock())
    state = queue.state(a_key("WAITING")).state
    queue.close()
    return result, state


def test_sqlite_is_copied_whole_while_it_is_written(tmp_path):
    """With Python's backup API, which copies a consistent state; the file alone would lack its log."""
    live, kept = tmp_path / "live", tmp_path / "kept"
    urls = [f"sqlite:///{live / name}" for name in ("osteocds.db", "queue.db")]
    fill(*urls)
    kept.mkdir()
    with closing(sqlite3.connect(live / "osteocds.db")) as writer:
        writer.execute("INSERT INTO audit (at, event, outcome, detail) VALUES ('2026-01-01', 'x', 'y', 'unfinished')")
        for name in ("osteocds.db", "queue.db"):
            with closing(sqlite3.connect(live / name)) as source, closing(sqlite3.connect(kept / name)) as copy:
                source.backup(copy)
    shutil.rmtree(live)
    shutil.copytree(kept, live)

    result, state = known(*urls)
    assert result.assessment == a_result().assessment
    assert state == "queued"
    with closing(sqlite3.connect(live / "osteocds.db")) as restored:
        assert restored.execute("SELECT count(*) FROM audit").fetchone() == (0,)


def test_postgresql_is_dumped_and_restored(tmp_path):
    """pg_dump of both databases, pg_restore into new ones; what was written since the dump is measured again."""
    programs = max(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda each: int(each.parent.name), default=None)
    with an_empty_database("postgresql", tmp_path) as app_url, an_empty_database("postgresql", tmp_path) as queue_url:
        if programs is None or not (programs / "pg_dump").exists():
            pytest.skip("no pg_dump: install Debian's package postgresql-client")
        fill(app_url, queue_url)
        for name, url in (("app", app_url), ("queue", queue_url)):
            _run(programs / "pg_dump", "--format=custom", f"--file={tmp_path / name}.dump", f"--dbname={url}")
        keep(app_url, replace(a_result(), result_id="after-the-dump", patient=a_patient(a_key("LATER"))))
        with (
            an_empty_database("postgresql", tmp_path) as new_app,
            an_empty_database("postgresql", tmp_path) as new_queue,
        ):
            for name, url in (("app", new_app), ("queue", new_queue)):
                _run(programs / "pg_restore", "--no-owner", f"--dbname={url}", str(tmp_path / f"{name}.dump"))
            result, state = known(new_app, new_queue)
            with psycopg.connect(make_url(new_app).render_as_string(hide_password=False)) as connection:
                results = connection.execute("SELECT count(*) FROM results").fetchone()

    assert result.assessment == a_result().assessment
    assert state == "queued"
    assert results == (1,)


def _run(*command):
    subprocess.run(list(map(str, command)), check=True, env={"PATH": os.environ["PATH"], "LC_ALL": "C"})
