"""Mirrors cds/inference/one_thread.py; what it is worth is measured by `make bench-screen`."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar

import pytest

from cds.inference.one_thread import in_one_thread

TRACE = ContextVar("TRACE", default="none")


def test_whoever_asks_it_is_one_thread():
    """Not that of any of those who ask at once."""
    with ThreadPoolExecutor(4) as asking:
        found = list(asking.map(lambda _: (threading.get_ident(), in_one_thread(threading.get_ident)), range(8)))

    assert len({there for _, there in found}) == 1
    assert not {here for here, _ in found} & {there for _, there in found}


def test_what_it_says_and_raises_is_the_callers():
    """Results, errors and the trace to which log lines belong."""
    TRACE.set("of the order")

    assert in_one_thread(TRACE.get) == "of the order"
    assert in_one_thread(max, 1, 3, key=lambda value: -value) == 1
    with pytest.raises(ZeroDivisionError):
        in_one_thread(lambda: 1 / 0)
