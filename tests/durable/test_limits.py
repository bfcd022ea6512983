"""Mirrors cds/durable/limits.py: processes of their own, since what takes too much ends its process."""

import re
import signal
import subprocess
import sys

import pytest

from cds.durable.hang_trace import HangTrace
from cds.durable.limits import EXIT_STATUS, resident_mb

MEASURING = """
import re, sys, time
from pathlib import Path
from cds.durable.hang_trace import HangTrace
from cds.durable.limits import Limits, resident_mb, retrieving

def note(work, cause):
    print(work, cause, flush=True)

limits = Limits(
    float(sys.argv[1]), int(resident_mb()) + 200, hard_stop_after_s=0.3, hung_after_processor_s=float(sys.argv[2])
)
with limits.holding("screen-1.1", note, HangTrace(Path(sys.argv[3]))):
    {}
print("done")
"""
SLEEP = "time.sleep(60)"
HANG = "re.fullmatch('(a+)+b', 'a' * 60)  # centuries, all of them holding the interpreter"
HOG = """taken = []
    while True:
        taken.append(b"x" * 2**24)
        time.sleep(0.01)"""


@pytest.fixture
def trace(tmp_path):
    """Of the worker's name."""
    return HangTrace(tmp_path / "worker.hang")


def measuring(what, seconds, trace, hung_after_processor_s=20.0):
    """What became of a process that measures."""
    return subprocess.run(
        [sys.executable, "-c", MEASURING.format(what), str(seconds), str(hung_after_processor_s), str(trace.file)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_what_stays_within_its_limits_goes_on(trace):
    """And nothing ends it afterwards, nor is anything left behind."""
    done = measuring("pass\ntime.sleep(1)", 0.2, trace, 0.5)

    assert (done.returncode, done.stdout) == (0, "done\n")
    assert trace.read() is None
    assert not trace.file.exists()


@pytest.mark.parametrize(
    ("what", "seconds", "cause"),
    [(SLEEP, 0.3, "0.3 s"), (HOG, 30.0, "MB of memory")],
    ids=["time", "memory"],
)
def test_what_takes_too_much_ends_its_process_with_a_cause(what, seconds, cause, trace):
    """The cause is kept before the process ends; nobody says that it hung."""
    done = measuring(what, seconds, trace)

    assert done.returncode == EXIT_STATUS
    assert re.search(f"^screen-1.1 measuring took more than .*{cause}$", done.stdout, re.MULTILINE)
    assert trace.read() is None


SLOW_ARCHIVE = """with retrieving(5.0):
        time.sleep(1)
    """


def test_what_the_archive_takes_is_not_held_against_the_ct(trace):
    """A retrieval of a second, a measurement of less than its 0.3 s; outside of a measurement nothing is limited."""
    assert measuring(SLOW_ARCHIVE + "pass\nwith retrieving(0.0):\n    time.sleep(0.3)", 0.3, trace).stdout == "done\n"


@pytest.mark.parametrize(
    ("what", "cause"),
    [
        (SLOW_ARCHIVE + SLEEP, "measuring took more than 0.3 s"),
        ("with retrieving(0.2): " + SLEEP, "retrieving a series took more than 0.2 s"),
        (SLOW_ARCHIVE + "with retrieving(0.2): " + SLEEP, "retrieving a series took more than 0.2 s"),
    ],
    ids=["measuring after it", "an archive that sends for ever", "the second series"],
)
def test_each_has_a_limit_of_its_own(what, cause, trace):
    """And the cause names which of the two it was."""
    done = measuring(what, 0.3, trace)

    assert done.returncode == EXIT_STATUS
    assert done.stdout.splitlines()[-1] == f"screen-1.1 {cause}"


def test_a_hang_while_images_arrive_is_ended_by_the_limit_of_the_archive(trace):
    """Native code that holds the interpreter and waits, as a decoder might."""
    done = measuring("with retrieving(0.2): " + HANG, 60.0, trace)

    assert done.returncode == 1
    assert "fullmatch" in trace.read().where


@pytest.mark.parametrize(
    ("seconds", "hung_after_processor_s", "status"),
    [(30.0, 0.5, -signal.SIGPROF), (0.2, 20.0, 1)],
    ids=["by time of the processor", "by time of day"],
)
def test_what_lets_no_other_thread_run_is_ended_too(trace, seconds, hung_after_processor_s, status):
    """What it was and where is left for whoever bears the name next, without values."""
    done = measuring(HANG, seconds, trace, hung_after_processor_s)
    hang = trace.read()
    trace.forget()

    assert done.returncode == status
    assert (hang.workflow_id, hang.cause) == (
        "screen-1.1",
        "measuring hung and let no other thread of its process run",
    )
    assert "fullmatch" in hang.where
    assert "aaa" not in hang.where
    assert trace.read() is None


def test_what_computes_for_long_and_lets_others_run_does_not_hang(trace):
    """Python that computes for longer than the limit of hangs."""
    busy = "end = time.process_time() + 1.0\n    while time.process_time() < end: pass"
    done = measuring(busy, 30.0, trace, 0.4)

    assert (done.returncode, done.stdout) == (0, "done\n")


def test_a_full_disk_keeps_nobody_from_measuring(tmp_path):
    """Where the cause cannot be written down, the trace goes to the log."""
    nowhere = HangTrace(tmp_path / "no-folder" / "worker.hang")

    assert measuring("pass", 30.0, nowhere).stdout == "done\n"
    assert "fullmatch" in measuring(HANG, 30.0, nowhere, 0.5).stderr
    assert nowhere.read() is None


def test_memory_in_use_is_that_of_this_process():
    """In MiB."""
    assert 10 < resident_mb() < 20_000
