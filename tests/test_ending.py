"""Mirrors cds/ending.py, in processes of its own: this one would end with them."""

import subprocess
import sys

import pytest

PROGRAM = """
import threading, time
from cds.ending import end_in_time

told, ended = threading.Event(), threading.Event()
end_in_time(told, ended, 0.3, lambda: print("last", flush=True))
threading.Thread(target=time.sleep, args=({hangs_s},)).start()
{then}
"""


@pytest.mark.parametrize(
    ("then", "hangs_s", "says"),
    [
        pytest.param("told.set()", 600, "last", id="told, and held up"),
        pytest.param("told.set(); ended.set()", 1, "", id="told, and ended"),
        pytest.param("", 1, "", id="not told"),
    ],
)
def test_it_ends_in_time_or_by_itself(then, hangs_s, says):
    """A thread that hangs is left behind, with a last word; what ends in order is let alone."""
    program = PROGRAM.format(then=then, hangs_s=hangs_s)
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=120)

    assert ("last" in ran.stdout, "cut-off" in ran.stdout) == (bool(says), bool(says))
