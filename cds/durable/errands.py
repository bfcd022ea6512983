"""What a worker does beside the queue: small errands, at once and then regularly, however busy the queue is."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import structlog

EVERY_S = 15.0
_END_WITHIN_S = 20.0

Errand = Callable[[], None]
"""Does what there is to do; may raise, and is then tried again the next time."""


@contextmanager
def running_errands(
    errands: Sequence[Errand], every_s: float = EVERY_S, *, end_within_s: float = _END_WITHIN_S
) -> Iterator[None]:
    """Run each errand in turn, in one thread, until the end; nothing that ails one reaches another."""
    done = threading.Event()

    def run() -> None:
        while True:
            for errand in errands:
                if not done.is_set():
                    _despite_trouble(errand)
            if done.wait(every_s):
                return

    thread = threading.Thread(target=run, name="errands", daemon=True)
    if errands:
        thread.start()
    try:
        yield
    finally:
        done.set()
        if errands:
            thread.join(end_within_s)


def _despite_trouble(errand: Errand) -> None:
    try:
        errand()
    except Exception as error:  # noqa: BLE001 - the worker outlives its errands; a message may quote patient data
        structlog.get_logger().warning("errand-failed", errand=errand.__qualname__, kind=type(error).__name__)
