"""A worker's sign of life, every few seconds, however busy the worker is."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

import structlog

EVERY_S = 5.0


class Heartbeats(Protocol):
    """Where workers say that they are alive."""

    def beat(self, worker: str) -> None:
        """This worker is alive now."""

    def leave(self, worker: str) -> None:
        """This worker takes no more work."""


@contextmanager
def beating(heartbeats: Heartbeats, worker: str, every_s: float = EVERY_S) -> Iterator[None]:
    """Beat at once and then regularly; at the end, say goodbye."""
    done = threading.Event()

    def beat() -> None:
        while True:
            _despite_trouble(heartbeats.beat, worker)
            if done.wait(every_s):
                return

    thread = threading.Thread(target=beat, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(every_s)
        _despite_trouble(heartbeats.leave, worker)


def _despite_trouble(report: Callable[[str], None], worker: str) -> None:
    try:
        report(worker)
    except Exception as error:  # noqa: BLE001 - the worker outlives whatever ails the database
        structlog.get_logger().warning("heartbeat-not-written", kind=type(error).__name__)
