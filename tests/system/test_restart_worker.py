"""Real worker processes, killed at every step: nothing lost, nothing twice."""

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cds.durable.database import prepare_queue_database
from cds.durable.queue import DbosScreeningQueue
from cds.durable.supervisor import WorkerSupervisor
from tests.support.assessments import GENERATION, a_key, a_patient, an_order
from tests.support.clock import SettableClock
from tests.support.worker_processes import MODULE, REPOSITORY, WorkerProcess, worker_processes

pytestmark = pytest.mark.system


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


@pytest.fixture
def site_of_two(queue, tmp_path):
    """A CT that harms whoever measures it, and behind it a good one."""
    for name in ("BAD", "GOOD"):
        queue.submit(an_order(a_patient(a_key(name))))
    return queue, tmp_path


@pytest.fixture
def start(url, tmp_path):
    """Start workers whose standard input we hold; none outlives the test."""
    with worker_processes() as started:

        def start_worker(blocked_step=""):
            started.append(WorkerProcess([url, tmp_path, blocked_step]))
            return started[-1]

        yield start_worker


def lines(folder):
    """The steps that began so far."""
    ledger = folder / "ledger"
    return ledger.read_text().splitlines() if ledger.exists() else []


def until(condition, seconds=30):
    """Wait for something that takes a moment; looks are counted, so that a machine that stands still is no failure."""
    for _ in range(round(seconds / 0.02)):
        if condition():
            return
        time.sleep(0.02)
    pytest.fail(f"not within {seconds} s")


@pytest.mark.parametrize("step", ["choose", "measure", "publish"])
def test_a_killed_worker_resumes_where_it_was(start, queue, tmp_path, step):
    """Given a worker killed in one step, when it starts again, then that step alone is repeated."""
    queue.submit(an_order())
    worker = start(step)
    until(lambda: f"{step} PAT-0001" in lines(tmp_path))
    worker.kill()
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
    (tmp_path / "go").touch()
    worker = start()
    until(lambda: all(queue.state(key).state == "done" for key in keys))
    worker.terminate()
    worker.wait(30)

    assert sorted(line for line in lines(tmp_path) if line.startswith("publish")) == ["publish PAT-1", "publish PAT-2"]


@pytest.mark.parametrize(
    ("how", "cause", "tries"),
    [
        ("crash", "the worker died each time it worked on this", 5),
        ("hog", "measuring took more than .* memory", 3),
        ("hang", "measuring hung and let no other thread of its process run", 3),
    ],
)
def test_a_ct_that_harms_every_worker_is_put_aside_and_the_queue_goes_on(start, site_of_two, how, cause, tries):
    """Given a CT that crashes, eats memory or hangs, it fails with its cause, and the one behind it is measured."""
    queue, tmp_path = site_of_two
    for _ in range(10):
        worker = start(how)
        until(lambda w=worker: w.poll() is not None or queue.state(a_key("GOOD")).state == "done")
        if worker.poll() is None:
            break
    failed = queue.state(a_key("BAD"))
    worker.terminate()

    assert worker.wait(30) == 0
    assert re.fullmatch(cause, failed.why)
    assert lines(tmp_path).count("measure BAD") == tries
    assert queue.submit(an_order(a_patient(a_key("BAD")))) == failed


def test_when_the_parent_is_killed_its_worker_hands_back_and_ends(start, queue, tmp_path):
    """Given a service killed with -9, then no worker is left over and the work waits in the queue."""
    queue.submit(an_order())
    worker = start("measure")
    until(lambda: "measure PAT-0001" in lines(tmp_path))
    worker.let_go()
    worker.wait(30)

    assert queue.state(a_key()).state == "queued"


def test_the_supervisor_replaces_a_killed_worker_and_the_work_goes_on(url, queue, tmp_path, monkeypatch):
    """Given a worker killed in the middle of a measurement, its replacement publishes once."""
    monkeypatch.chdir(REPOSITORY)
    queue.submit(an_order())
    supervisor = WorkerSupervisor([sys.executable, "-m", MODULE, url, str(tmp_path), "measure"], 1)
    supervisor.start()
    until(lambda: "measure PAT-0001" in lines(tmp_path))
    (tmp_path / "go").touch()
    process = supervisor._posts[0].process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    until(lambda: queue.state(a_key()).state == "done")
    supervisor.stop()

    assert lines(tmp_path).count("publish PAT-0001") == 1


@pytest.mark.faults
@pytest.mark.parametrize("whom", ["service", "both"])
@pytest.mark.parametrize("step", ["choose", "measure", "publish"])
def test_a_service_killed_at_any_step_with_or_without_its_worker_loses_nothing(url, queue, tmp_path, step, whom):
    """Killed with -9: no worker is left over, and the next service finishes the order, once."""
    queue.submit(an_order())
    with a_service(url, tmp_path, step) as service:
        until(lambda: f"{step} PAT-0001" in lines(tmp_path))
        workers = children_of(service.pid)
        for pid in (service.pid, *(workers if whom == "both" else ())):
            os.kill(pid, signal.SIGKILL)
        service.wait()
        until(lambda: not any(is_running(pid) for pid in workers))
        (tmp_path / "go").touch()
    with a_service(url, tmp_path, "") as service:
        until(lambda: queue.state(a_key()).state == "done")
        workers = children_of(service.pid)
    until(lambda: not any(is_running(pid) for pid in workers))

    expected = {"choose PAT-0001": 1, "measure PAT-0001": 1, "publish PAT-0001": 1} | {f"{step} PAT-0001": 2}
    assert {line: lines(tmp_path).count(line) for line in lines(tmp_path)} == expected


@contextmanager
def a_service(url, folder, step):
    """Killed at the end, whatever happened; its worker ends by itself then."""
    command = [sys.executable, "-m", "tests.support.fake_service", url, str(folder), step]
    with subprocess.Popen(command, cwd=REPOSITORY) as service:
        try:
            yield service
        finally:
            service.kill()


def children_of(pid):
    """Processes that any of its threads has started, and nobody else; never none."""
    found = [int(each) for thread in Path(f"/proc/{pid}/task").iterdir() for each in _children(thread)]
    assert found
    return found


def _children(thread):
    return (thread / "children").read_text().split()


def is_running(pid):
    """Neither gone nor dead and not yet fetched."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
