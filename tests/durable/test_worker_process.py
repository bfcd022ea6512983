"""Mirrors cds/durable/worker_process.py; kills and signals are in tests/system."""

import os
import subprocess
import sys

import pytest

STUBBORN = """
import time
from cds.durable.worker_process import run_worker_process

class Stubborn:
    def run(self, stop):
        print("runs", flush=True)
        time.sleep(600)

run_worker_process(Stubborn(), parent_holds_stdin=True, niceness=0, ends_within_s=0.2)
"""

PROGRAM = """
import os
from cds.durable.worker_process import run_worker_process

class Idle:
    def run(self, stop):
        print(os.getpriority(os.PRIO_PROCESS, 0))
        return True

run_worker_process(Idle(), parent_holds_stdin=False, niceness={niceness})
"""


@pytest.mark.parametrize("niceness", [0, 3])
def test_it_gives_way_as_far_as_it_is_told(niceness):
    """Beyond what its parent already gave way."""
    ours = os.getpriority(os.PRIO_PROCESS, 0)
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(niceness=niceness)], capture_output=True, text=True, check=True
    )

    assert int(ran.stdout) == min(19, ours + niceness)


def test_whatever_holds_it_up_it_ends_in_time():
    """Such as a database that hangs; and says so."""
    with subprocess.Popen(
        [sys.executable, "-c", STUBBORN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as worker:
        assert worker.stdout.readline() == "runs\n"
        worker.stdin.close()

        assert worker.wait(60) == 0
        assert "cut-off" in worker.stdout.read()
