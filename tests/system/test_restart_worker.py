"""Real worker processes, killed at every step: nothing lost, nothing twice."""

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cds.durable.database import prepare_queue_database
from cds.durable.queue import DbosScreeningQueue
from cds.durable.supervisor import WorkerSupervisor
from tests.support.assessments import GENERATION, a_key, a_patient, an_order
from tests.support.clock import SettableClock

pytestmark = pytest.mark.system

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def url(tmp_path):
    """A prepared queue database."""
    url = f"sqlite:///{tmp_path / 'queue.db'}"
    prepare_queue_database(url)
    return url


@pytest.fixture
def queue(url):
    """The web process's side."""
    queue = DbosScreeningQueue(url, GENERATION, SettableClock(datetime.now(UTC)))
    yield queue
    queue.close()


def command(url, folder, blocked_step):
    """How a worker is started."""
    return [sys.executable, "-m", "tests.support.fake_worker", url, str(folder), blocked_step]


@pytest.fixture
def start(url, tmp_path):
    """Start workers whose standard input we hold; none outlives the test."""
    started = []

    def start_worker(blocked_step=""):
        worker = subprocess.Popen(command(url, tmp_path, blocked_step), cwd=REPOSITORY, stdin=subprocess.PIPE)
        started.append(worker)
        return worker

    yield start_worker
    for worker in started:
        worker.stdin.close()
        worker.kill()
        worker.wait()


def lines(folder):
    """The steps that began so far."""
    ledger = folder / "ledger"
    return ledger.read_text().splitlines() if ledger.exists() else []


def until(condition, seconds=30):
    """Wait for something that takes a moment."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("step", ["choose", "measure", "publish"])
def test_a_killed_worker_resumes_where_it_was(start, queue, tmp_path, step):
    """Given a worker killed in one step, when it starts again, then that step alone is repeated."""
    queue.submit(an_order())
    worker = start(step)
    until(lambda: f"{step} PAT-0001" in lines(tmp_path))
    worker.kill()
    worker.wait()
    assert queue.state(a_key()).state == "running"
    (tmp_path / "go").touch()
    worker = start()
    until(lambda: queue.state(a_key()).state == "done")
    worker.terminate()

    assert worker.wait(30) == 0
    expected = {"choose PAT-0001": 1, "measure PAT-0001": 1, "publish PAT-0001": 1} | {f"{step} PAT-0001": 2}
    assert {line: lines(tmp_path).count(line) for line in lines(tmp_path)} == expected


def test_fewer_workers_than_before_still_finish_everything(start, queue, tmp_path):
    """Given two workers killed at work, when one starts, then it does the work of both."""
    keys = [a_key("PAT-1"), a_key("PAT-2")]
    workers = [start("measure") for _ in keys]
    for key in keys:
        queue.submit(an_order(a_patient(key)))
    until(lambda: sum(line.startswith("measure") for line in lines(tmp_path)) == 2)
    for worker in workers:
        worker.kill()
        worker.wait()
    (tmp_path / "go").touch()
    worker = start()
    until(lambda: all(queue.state(key).state == "done" for key in keys))
    worker.terminate()
    worker.wait(30)

    assert sorted(line for line in lines(tmp_path) if line.startswith("publish")) == ["publish PAT-1", "publish PAT-2"]


def test_a_ct_that_kills_every_worker_is_put_aside(start, queue, tmp_path):
    """Given a CT that kills its worker each time, then it fails with its cause and the queue goes on."""
    queue.submit(an_order())
    for _ in range(10):
        worker = start("crash")
        until(lambda w=worker: w.poll() is not None or queue.state(a_key()).state == "failed")
        if worker.poll() is None:
            break
    failed = queue.state(a_key())
    worker.terminate()

    assert worker.wait(30) == 0
    assert failed.why == "the worker died each time it worked on this"
    assert 5 <= lines(tmp_path).count("measure PAT-0001") <= 7
    assert queue.submit(an_order()) == failed


def test_when_the_parent_is_killed_its_worker_hands_back_and_ends(start, queue, tmp_path):
    """Given a service killed with -9, then no worker is left over and the work waits in the queue."""
    queue.submit(an_order())
    worker = start("measure")
    until(lambda: "measure PAT-0001" in lines(tmp_path))
    worker.stdin.close()  # what the kernel does for a dead parent
    worker.wait(30)

    assert queue.state(a_key()).state == "queued"


def test_the_supervisor_replaces_a_killed_worker_and_the_work_goes_on(url, queue, tmp_path, monkeypatch):
    """Given a worker killed in the middle of a measurement, its replacement publishes once."""
    monkeypatch.chdir(REPOSITORY)
    queue.submit(an_order())
    supervisor = WorkerSupervisor(command(url, tmp_path, "measure"), 1)
    supervisor.start()
    until(lambda: "measure PAT-0001" in lines(tmp_path))
    (tmp_path / "go").touch()
    process = supervisor._posts[0].process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    until(lambda: queue.state(a_key()).state == "done")
    supervisor.stop()

    assert lines(tmp_path).count("publish PAT-0001") == 1
