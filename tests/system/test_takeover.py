"""Workers that are lost for good, or only slow: another one takes over, and nothing is published twice."""

import os
import signal
import time
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime

import pytest

from cds.durable.database import prepare_queue_database
from cds.durable.queue import DbosScreeningQueue
from cds.errors import QueueUnavailable
from cds.storage.assessments import SqlAssessmentStore
from cds.storage.engine import open_engine
from cds.storage.health import SqlHeartbeats
from cds.storage.migrate import migrate
from cds.storage.pictures import SqlPictures
from cds.wiring.clock import SystemClock
from tests.support.assessments import GENERATION, a_key, an_order
from tests.support.clock import SettableClock
from tests.support.databases import a_database_with
from tests.support.postgres import a_server
from tests.support.worker_processes import WorkerProcess, worker_processes

pytestmark = pytest.mark.system

WITHIN_S = 60
OUTAGE_S = float(os.environ.get("OSTEOCDS_TEST_OUTAGE_S", "5"))
"""How long PostgreSQL is away; `make faults` asks for half a minute."""
LOOK_EVERY_S = os.environ.get("OSTEOCDS_TEST_LOOK_EVERY_S", "0.2")
"""How often a worker looks after the others; `make faults` asks for the pace of a hospital."""


class Site:
    """Databases, the web process's side of the queue, and workers on machines that share nothing else."""

    def __init__(self, url, folder, workers, records=None):
        self.records = records or f"sqlite:///{folder / 'records.db'}"
        migrate(self.records)
        self.url, self.folder, self.workers = url, folder, workers
        self.queue = DbosScreeningQueue(url, GENERATION, SettableClock(datetime.now(UTC)))

    def start(self, machine, blocked_step="", *options):
        """A worker on one machine."""
        own = ["--records", self.records, "--machine", machine]
        self.workers.append(WorkerProcess([self.url, self.folder, blocked_step, *own, *options]))
        return self.workers[-1]

    def lines(self):
        """The steps that began so far."""
        ledger = self.folder / "ledger"
        return ledger.read_text().splitlines() if ledger.exists() else []

    def stored(self):
        """Whether the records have the result and its picture."""
        engine = open_engine(self.records)
        result = SqlAssessmentStore(engine, SystemClock()).latest(a_key())
        pictures = SqlPictures(engine, SystemClock()).read("PAT-0001")
        engine.dispose()
        return result is not None and len(pictures) == 1

    def is_done(self):
        """Whether the order has its result."""
        return self.queue.state(a_key()).state == "done"


@contextmanager
def a_site(kind, tmp_path):
    """None of its workers outlives it."""
    with a_database_with(prepare_queue_database, kind, tmp_path) as url, worker_processes() as workers:
        site = Site(url, tmp_path, workers)
        try:
            yield site
        finally:
            site.queue.close()


def until(condition, seconds=WITHIN_S):
    """Wait for something that takes a moment; looks are counted, so that a machine that stands still is no failure."""
    for _ in range(round(seconds / 0.02)):
        if condition():
            return
        time.sleep(0.02)
    pytest.fail(f"not within {seconds} s")


def test_the_work_of_a_machine_that_is_gone_for_good_is_taken_over(tmp_path):
    """Given a worker killed and never started again, another machine's finishes; at the real pace within a minute."""
    with a_site("postgresql", tmp_path) as site:
        dead = site.start("first", "measure")
        site.queue.submit(an_order())
        until(lambda: "measure PAT-0001" in site.lines())
        site.start("second", "", "--look-every-s", LOOK_EVERY_S)
        dead.kill()
        until(site.is_done)

        assert site.lines() == ["choose PAT-0001", "measure PAT-0001", "measure PAT-0001", "publish PAT-0001"]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_slow_worker_that_was_taken_for_dead_does_not_publish_too(tmp_path, kind):
    """Given a worker that stands still in a measurement, another publishes; the first, awake again, does not."""
    with a_site(kind, tmp_path) as site:
        slow = site.start("first", "measure")
        site.queue.submit(an_order())
        until(lambda: "measure PAT-0001" in site.lines())
        os.kill(slow.pid, signal.SIGSTOP)
        (tmp_path / "go").touch()
        site.start("second", "", "--look-every-s", LOOK_EVERY_S)
        until(site.is_done)
        os.kill(slow.pid, signal.SIGCONT)
        time.sleep(0.5)
        slow.terminate()

        assert slow.wait(30) == 0
        assert site.lines().count("publish PAT-0001") == 1


def test_told_to_stop_a_worker_says_goodbye_first_and_hands_back_what_it_cannot_finish(tmp_path):
    """Readiness goes first: no heartbeat while it still tries to finish; then the work waits for somebody else."""
    with a_site("sqlite", tmp_path) as site:
        worker = site.start("first", "measure")
        site.queue.submit(an_order())
        until(lambda: "measure PAT-0001" in site.lines())
        engine = open_engine(site.records)
        heartbeats = SqlHeartbeats(engine, SystemClock())
        until(lambda: heartbeats.beats() != {})
        worker.terminate()
        until(lambda: heartbeats.beats() == {})
        still_at_it = worker.poll() is None
        engine.dispose()

        assert still_at_it
        assert worker.wait(30) == 0
        assert site.queue.state(a_key()).state == "queued"


@contextmanager
def measuring_on_postgresql(tmp_path, *options, records=False):
    """A server of our own that may be stopped, a site on it, and its worker, which measures."""
    server = a_server(durable=False)
    if server is None:
        pytest.skip("no PostgreSQL: install Debian's package postgresql")
    with ExitStack() as stack:
        stack.callback(server.remove)
        server.start()
        prepare_queue_database(server.url)
        workers = stack.enter_context(worker_processes())
        site = Site(server.url, tmp_path, workers, records=server.url if records else None)
        stack.callback(site.queue.close)
        worker = site.start("first", "measure", *options)
        site.queue.submit(an_order())
        until(lambda: "measure PAT-0001" in site.lines())
        yield server, site, worker


@contextmanager
def postgresql_away_while_measuring(tmp_path, *options, records=False):
    """The server stops meanwhile; when it is back, the site is handed over, whose order will be done."""
    with measuring_on_postgresql(tmp_path, *options, records=records) as (server, site, _):
        server.stop()
        (tmp_path / "go").touch()
        time.sleep(OUTAGE_S)
        with pytest.raises(QueueUnavailable):
            site.queue.submit(an_order())
        server.start()
        until(site.is_done)
        yield site


def test_postgresql_may_stop_while_work_goes_on(tmp_path):
    """Given a queue database that stops in the middle of a measurement, the work is done once when it is back."""
    with postgresql_away_while_measuring(tmp_path) as site:
        assert site.lines() == ["choose PAT-0001", "measure PAT-0001", "publish PAT-0001"]


@pytest.mark.faults
def test_postgresql_may_stop_with_queue_and_records_while_work_goes_on(tmp_path):
    """Given no place for pictures and result either, the attempt ends and the next one stores both, once."""
    with postgresql_away_while_measuring(tmp_path, "--stores", records=True) as site:
        assert site.lines().count("publish PAT-0001") == 1
        assert site.lines()[-1] == "publish PAT-0001"
        assert site.stored()


def test_told_to_stop_while_postgresql_hangs_a_worker_ends_in_time_and_its_work_is_taken_over(tmp_path):
    """Records and queue answer nothing any more; the order is done once, by another worker, when they do."""
    with measuring_on_postgresql(tmp_path, "--ends-within-s", "4", records=True) as (server, site, worker):
        with server.hanging():
            worker.terminate()
            ended = worker.wait(30)
        (tmp_path / "go").touch()
        site.start("second", "", "--look-every-s", "0.2")
        until(site.is_done)

    assert ended == 0
    assert site.lines() == ["choose PAT-0001", "measure PAT-0001", "measure PAT-0001", "publish PAT-0001"]
