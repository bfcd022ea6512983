"""Mirrors cds/durable/supervisor.py, with processes that do no work."""

import os
import signal
import sys
import time

import pytest

from cds.durable.supervisor import WorkerSupervisor

STOPS_WITH_ITS_PARENT = """
import os, sys
with open(sys.argv[1], "a") as ledger:
    print(os.getpid(), file=ledger)
sys.stdin.read()
with open(sys.argv[1], "a") as ledger:
    print("stopped", file=ledger)
"""


@pytest.fixture
def ledger(tmp_path):
    """Where the processes write that they started and stopped."""
    return tmp_path / "ledger"


def supervising(ledger, count):
    """A supervisor of processes that wait for their parent to let go."""
    return WorkerSupervisor([sys.executable, "-c", STOPS_WITH_ITS_PARENT, str(ledger)], count)


def pids(ledger):
    """The processes that started so far."""
    lines = ledger.read_text().split() if ledger.exists() else []
    return [int(line) for line in lines if line.isdigit()]


def until(condition):
    """Wait for something that takes a moment."""
    deadline = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_as_many_workers_as_asked_for_and_none_afterwards(ledger):
    """Start starts them, stop leaves none behind."""
    supervisor = supervising(ledger, 2)
    supervisor.start()
    until(lambda: len(pids(ledger)) == 2)
    supervisor.stop()

    for pid in pids(ledger):
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_a_dead_worker_is_replaced(ledger):
    """Within a second for the first death."""
    supervisor = supervising(ledger, 1)
    supervisor.start()
    until(lambda: len(pids(ledger)) == 1)
    os.kill(pids(ledger)[0], signal.SIGKILL)
    until(lambda: len(pids(ledger)) == 2)
    supervisor.stop()

    assert len(set(pids(ledger))) == 2


def test_stopping_before_starting_is_no_error():
    """A service that fails early still shuts down in order."""
    WorkerSupervisor(["never-started"], 1).stop()


def test_a_worker_that_ignores_requests_is_killed(ledger):
    """Shutdown ends in bounded time."""
    deaf = (
        f"import signal, time; signal.signal(15, signal.SIG_IGN); open({str(ledger)!r}, 'w').write('1'); time.sleep(60)"
    )
    supervisor = WorkerSupervisor([sys.executable, "-c", deaf], 1)
    supervisor.start()
    until(ledger.exists)
    began = time.monotonic()
    supervisor.stop(patience_s=0.5)

    assert time.monotonic() - began < 30
