"""Disks that are really full: no order is lost, the operator reads why, and it goes on when there is room."""

import sqlite3
import time
from contextlib import closing, contextmanager
from datetime import UTC, datetime

import pytest

from cds.durable.database import prepare_queue_database
from cds.durable.operating import QueueDesk
from cds.durable.queue import DbosScreeningQueue
from cds.errors import QueueUnavailable
from cds.storage.assessments import SqlAssessmentStore
from cds.storage.engine import open_engine
from cds.storage.migrate import migrate
from cds.storage.pictures import SqlPictures
from cds.wiring.clock import SystemClock
from tests.support.assessments import GENERATION, a_key, a_patient, an_order
from tests.support.clock import SettableClock
from tests.support.small_disk import a_small_disk
from tests.support.worker_processes import WorkerProcess, worker_processes

pytestmark = pytest.mark.system


class Site:
    """Queue and records in SQLite files, where the test wants them, and one worker that stores what it measures."""

    def __init__(self, folder, queue, records):
        self.files = (queue, records)
        self.folder, self.queue_url, self.records_url = folder, f"sqlite:///{queue}", f"sqlite:///{records}"
        prepare_queue_database(self.queue_url)
        migrate(self.records_url)
        self.queue = DbosScreeningQueue(self.queue_url, GENERATION, SettableClock(datetime.now(UTC)))
        self.desk = QueueDesk(self.queue_url, SystemClock())

    @contextmanager
    def worker(self, blocked_step=""):
        """Until the block ends."""
        options = ["--records", self.records_url, "--stores", "--look-every-s", "0.2"]
        with worker_processes() as started:
            started.append(WorkerProcess([self.queue_url, self.folder, blocked_step, *options]))
            yield

    def leave_no_room_in_logs(self):
        """What a log has grown to would still be written into, on a disk that is full."""
        for file in self.files:
            with closing(sqlite3.connect(file, timeout=10)) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def taken_until_refused(self):
        """Who was still queued; what is left of a page takes a few."""
        for number in range(100):
            try:
                self.queue.submit(an_order(a_patient(a_key(f"NEXT-{number}"))))
            except QueueUnavailable:
                return [f"NEXT-{each}" for each in range(number)]
        return pytest.fail("a full disk takes everything")

    def lines(self):
        """The steps that began so far."""
        ledger = self.folder / "ledger"
        return ledger.read_text().splitlines() if ledger.exists() else []

    def has_all(self, patient_id):
        """Whether result and pictures are there, and the order is done."""
        engine = open_engine(self.records_url)
        result = SqlAssessmentStore(engine, SystemClock()).latest(a_key(patient_id))
        pictures = SqlPictures(engine, SystemClock()).read(patient_id)
        engine.dispose()
        return result is not None and len(pictures) == 1 and self.queue.state(a_key(patient_id)).state == "done"


@pytest.fixture
def disk(tmp_path):
    """Of eight megabytes."""
    with a_small_disk(tmp_path / "disk", 8) as disk:
        yield disk


@pytest.fixture
def close():
    """Sites that are closed at the end."""
    sites = []
    yield sites
    for site in sites:
        site.queue.close()
        site.desk.close()


def until(condition, seconds=60):
    """Wait for something that takes a moment; looks are counted, so that a machine that stands still is no failure."""
    for _ in range(round(seconds / 0.05)):
        if condition():
            return
        time.sleep(0.05)
    pytest.fail(f"not within {seconds} s")


@pytest.mark.parametrize("step", ["measure", "publish"])
def test_results_and_pictures_wait_for_room(disk, tmp_path, close, step):
    """Given no room for the pictures, or for the result, the order waits with its cause; with room, it is done."""
    site = Site(tmp_path, tmp_path / "queue.db", disk.folder / "records.db")
    close.append(site)
    site.queue.submit(an_order())
    with site.worker(step):
        until(lambda: f"{step} PAT-0001" in site.lines())
        site.leave_no_room_in_logs()
        disk.fill()
        (tmp_path / "go").touch()
        until(lambda: [each.not_before for each in site.desk.orders()] not in ([], [None]))
        (waiting,) = site.desk.orders()
        disk.make_room()
        site.desk.retry(waiting.work_id)
        until(lambda: site.has_all("PAT-0001"))

    assert (waiting.state, waiting.cause) == (
        "waiting",
        "the application database cannot be used now: its disk is full",
    )


def test_a_queue_without_room_takes_no_order_and_loses_none(disk, tmp_path, close):
    """Given a full disk under the queue, a new order is refused aloud; what was begun is done when there is room."""
    site = Site(tmp_path, disk.folder / "queue.db", tmp_path / "records.db")
    close.append(site)
    site.queue.submit(an_order())
    with site.worker("measure"):
        until(lambda: "measure PAT-0001" in site.lines())
        site.leave_no_room_in_logs()
        disk.fill()
        taken = site.taken_until_refused()
        (tmp_path / "go").touch()
        time.sleep(3)
        listed = [each.state for each in site.desk.orders()]
        disk.make_room()
        site.queue.submit(an_order(a_patient(a_key("LATER"))))
        for patient_id in ("PAT-0001", *taken, "LATER"):
            until(lambda whom=patient_id: site.has_all(whom))

    assert listed != []
