"""`osteocds serve` when processes die or the archive is away: nothing is lost, and nothing is kept from clinicians."""

import os
import signal
import time
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from cds.cli.demo_order import PATIENT_ID
from cds.cli.service_process import running_service
from cds.ct.patient import PatientKey
from cds.durable.queue import DbosScreeningQueue
from cds.ports import StoredResult
from cds.settings import Settings
from cds.storage.health import AWAY_AFTER, SqlArchiveWatch
from cds.storage.tables import archive_health
from cds.wiring.clock import SystemClock
from cds.wiring.records import open_records
from cds.wiring.sweeping import generation_name
from tests.support.sample_at_a_site import (
    ISSUER,
    an_order,
    ask,
    cards_of,
    client_of,
    site_settings,
    what_is_known,
    write_named_ct,
)

pytestmark = pytest.mark.system

KEY = PatientKey("default", PATIENT_ID, ISSUER)


def test_order_survives_the_death_of_everything(tmp_path):
    """Service and worker killed in the middle: after a restart the result comes without another order."""
    (tmp_path / "ct").mkdir()
    settings = site_settings(write_named_ct(tmp_path / "ct"), WAIT_BUDGET_S="0")
    with running_service(tmp_path, settings) as service, client_of(service) as client:
        ask(client, an_order())
        until_at_work(Settings(data_dir=tmp_path))
        kill_family(service.process.pid)
    assert what_is_known(tmp_path, KEY, patience_s=0.0) is None

    with running_service(tmp_path, settings):
        known = what_is_known(tmp_path, KEY, patience_s=60.0)

    assert isinstance(known, StoredResult)


def test_archive_that_is_away_is_said_after_a_minute(tmp_path):
    """An archive that is not there: first the order waits, after a minute a card says what is missing.

    The minute passes in the record of when the worker first missed it, not here.
    """
    archive = tmp_path / "archive"
    archive.mkdir()
    settings = site_settings(archive, WAIT_BUDGET_S="0")
    with running_service(tmp_path, settings) as service, client_of(service) as client:
        archive.rmdir()
        at_first = ask(client, an_order())
        with open_records(Settings(data_dir=tmp_path)) as engine:
            watch = SqlArchiveWatch(engine, SystemClock())
            until(lambda: watch.failing_since() is not None)
            since = watch.failing_since()
            still = ask(client, an_order())
            with engine.begin() as connection:
                connection.execute(update(archive_health).values(failing_since=since - AWAY_AFTER))
        later = cards_of(client, an_order())

    assert timedelta(minutes=1) == AWAY_AFTER
    assert at_first == still == []
    assert "imaging archive cannot be reached" in later[0]["summary"]


def until(condition, within_s: float = 60.0) -> None:
    """Wait for what the worker does."""
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {within_s:.0f} s"
        time.sleep(0.05)


def until_at_work(settings: Settings) -> None:
    """Wait until a worker has begun with the order."""
    queue = DbosScreeningQueue(settings.durable_database_url, generation_name(settings), SystemClock())
    until(lambda: queue.state(KEY).state == "running")
    queue.close()


def kill_family(pid: int) -> None:
    """SIGKILL for a process and its children, children first."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for child in (*map(int, children), pid):
        os.kill(child, signal.SIGKILL)
