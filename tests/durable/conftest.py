"""A queue database for each test, and a worker that runs in a thread of the test."""

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from cds.durable.database import prepare_queue_database
from cds.durable.limits import Limits
from cds.durable.queue import DbosScreeningQueue, Patience
from cds.durable.worker import Worker
from tests.support.assessments import GENERATION
from tests.support.clock import SettableClock
from tests.support.databases import a_database_with
from tests.support.fake_steps import FakeHeartbeats, FakeOutcomes, FakeSteps, FakeWatch


@dataclass
class Bench:
    """Queue, fake steps and worker around one database."""

    url: str
    folder: object
    queue: DbosScreeningQueue
    clock: SettableClock
    steps: FakeSteps
    watch: FakeWatch = field(default_factory=FakeWatch)
    outcomes: FakeOutcomes = field(default_factory=FakeOutcomes)
    heartbeats: FakeHeartbeats = field(default_factory=FakeHeartbeats)

    @contextmanager
    def worker(self, finish_within_s=5, errands=()):
        """A worker for the length of the block; yields its event to stop it early."""
        worker = Worker(
            queue_database_url=self.url,
            steps=self.steps,
            archive_watch=self.watch,
            outcomes=self.outcomes,
            heartbeats=self.heartbeats,
            slots=self.folder / "slots",
            limits=Limits(seconds=60, memory_mb=100_000),
            finish_within_s=finish_within_s,
            listen_every_s=0.05,
            retry_after_s=0.05,
            errands=errands,
        )
        stop = threading.Event()
        thread = threading.Thread(target=worker.run, args=(stop,))
        thread.start()
        try:
            yield stop
        finally:
            stop.set()
            thread.join(30)
            assert not thread.is_alive()

    def wait_for(self, patient, *states, seconds=20):
        """The patient's state once it is one of these; looks are counted, not time: a machine may stand still."""
        for _ in range(round(seconds / 0.02)):
            if (state := self.queue.state(patient.key)).state in states:
                return state
            time.sleep(0.02)
        pytest.fail(f"still {state} after {seconds} s")


@pytest.fixture(params=["sqlite", "postgresql"])
def bench(request, tmp_path):
    """Everything around one fresh queue database; the clock starts at the real time, as DBOS's own."""
    with a_database_with(prepare_queue_database, request.param, tmp_path) as url:
        clock = SettableClock(datetime.now(UTC))
        queue = DbosScreeningQueue(url, GENERATION, clock, Patience())
        yield Bench(url, tmp_path, queue, clock, FakeSteps(tmp_path / "ledger"))
        queue.close()
