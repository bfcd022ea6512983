"""A process that was told to stop ends in time, whatever holds it up.

Nobody can end a thread that waits for a database which neither answers nor closes the connection, and Python waits for
such threads. So after a while the process ends without them; what they had in hand is tried again by others.
"""

import os
import sys
import threading
from collections.abc import Callable

import structlog


def end_in_time(
    told: threading.Event, ended: threading.Event, within_s: float, last: Callable[[], object] = lambda: None
) -> None:
    """Watch from now on: once `told`, what is to end has so long to say that it has `ended`; else `last`, and out."""
    threading.Thread(target=_watch, args=(told, ended, within_s, last), name="deadline", daemon=True).start()


def end_now() -> None:
    """At once, with status 0: no thread is waited for."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def _watch(told: threading.Event, ended: threading.Event, within_s: float, last: Callable[[], object]) -> None:
    told.wait()
    if not ended.wait(within_s):
        structlog.get_logger().warning("cut-off", after_s=within_s)
        last()
        end_now()
