"""Waiting for another process."""

import time
from collections.abc import Callable

import pytest


def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for something that takes a moment; looks are counted, so that a machine that stands still is no failure."""
    for _ in range(round(seconds / 0.02)):
        if condition():
            return
        time.sleep(0.02)
    pytest.fail(f"not within {seconds} s")
