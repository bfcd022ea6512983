"""Mirrors cds/durable/limits.py: processes of their own, since what takes too much ends its process."""

import re
import subprocess
import sys

import pytest

from cds.durable.limits import EXIT_STATUS, resident_mb

MEASURING = """
import re, sys, time
from cds.durable.limits import Limits, resident_mb

def note(work, cause):
    print(work, cause, flush=True)

with Limits(float(sys.argv[1]), int(resident_mb()) + 200, hard_stop_after_s=0.3).holding("screen-1.1", note):
    {}
print("done")
"""
SLEEP = "time.sleep(60)"
HANG = "re.fullmatch('(a+)+b', 'a' * 60)  # centuries, all of them holding the interpreter"
HOG = """taken = []
    while True:
        taken.append(b"x" * 2**24)
        time.sleep(0.01)"""


def measuring(what, seconds=30.0):
    """What became of a process that measures."""
    return subprocess.run(
        [sys.executable, "-c", MEASURING.format(what), str(seconds)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_what_stays_within_its_limits_goes_on():
    """And nothing ends it afterwards."""
    done = measuring("pass\ntime.sleep(1)", 0.2)

    assert (done.returncode, done.stdout) == (0, "done\n")


@pytest.mark.parametrize(
    ("what", "seconds", "cause"),
    [(SLEEP, 0.3, "0.3 s"), (HOG, 30.0, "MB of memory")],
    ids=["time", "memory"],
)
def test_what_takes_too_much_ends_its_process_with_a_cause(what, seconds, cause):
    """The cause is kept before the process ends."""
    done = measuring(what, seconds)

    assert done.returncode == EXIT_STATUS
    assert re.search(f"^screen-1.1 measuring took more than .*{cause}$", done.stdout, re.MULTILINE)


def test_what_lets_no_other_thread_run_is_ended_too():
    """Without a cause; where it was goes to the log, without values."""
    done = measuring(HANG, 0.2)

    assert done.returncode == 1
    assert "fullmatch" in done.stderr


def test_memory_in_use_is_that_of_this_process():
    """In MiB."""
    assert 10 < resident_mb() < 20_000
