"""Mirrors cds/durable/errands.py."""

import threading
import time

from structlog.testing import capture_logs

from cds.durable.errands import running_errands


def wait_until(condition, seconds=5):
    """Give the thread a moment."""
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.005)
    return condition()


def test_errands_are_run_at_once_and_again():
    """The first round does not wait, so that what waited over a restart goes on."""
    ran = []
    with running_errands([lambda: ran.append(1)], every_s=0.01):
        assert wait_until(lambda: len(ran) >= 3)


def test_a_failing_errand_hinders_no_other():
    """It is named in the log by kind, never with its message, and tried again."""
    ran = []

    def failing():
        ran.append("failing")
        raise ValueError("PAT-0001")

    with capture_logs() as logs, running_errands([failing, lambda: ran.append("fine")], every_s=0.01):
        assert wait_until(lambda: ran.count("fine") >= 2)

    assert ran[:3] == ["failing", "fine", "failing"]
    assert logs[0]["kind"] == "ValueError"
    assert "PAT-0001" not in str(logs)


def test_the_end_waits_for_what_runs():
    """A worker that is told to stop finishes the errand it is on."""
    begun, ran = threading.Event(), []

    def slow():
        begun.set()
        time.sleep(0.1)
        ran.append("done")

    with running_errands([slow], every_s=10):
        begun.wait(5)

    assert ran == ["done"]


def test_without_errands_there_is_no_thread():
    """Most sites have none."""
    before = threading.active_count()
    with running_errands([]):
        assert threading.active_count() == before
