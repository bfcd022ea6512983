"""Mirrors cds/durable/worker_process.py; kills and signals are in tests/system."""

import os
import subprocess
import sys

import pytest

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
