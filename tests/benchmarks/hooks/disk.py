"""What a commit costs at least: how long this disk takes to keep a page, with nobody else asking for it."""

import os
import tempfile
import time
from collections.abc import Mapping

from tests.benchmarks.hooks.load import percentile

_TIMES = 300
_PAGE = b"x" * 8192
_EVERY_S = 0.02
_FIGURES = {"p50 ms": 50, "p99 ms": 99, "worst ms": 100}


def fsync_alone() -> Mapping[str, float]:
    """In the folder in which the databases are made."""
    took_s = []
    with tempfile.TemporaryFile() as file:
        for number in range(_TIMES):
            os.pwrite(file.fileno(), _PAGE, number * len(_PAGE))
            begun = time.perf_counter()
            os.fdatasync(file.fileno())
            took_s.append(time.perf_counter() - begun)
            time.sleep(_EVERY_S)
    return {
        f"{name} ms": round(1000 * percentile(took_s, at), 2) for name, at in (("p50", 50), ("p99", 99), ("worst", 100))
    }
