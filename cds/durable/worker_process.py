"""A worker as a process: polite to its neighbours, and never outliving its parent or its orders."""

import os
import signal
import threading
from contextlib import suppress
from pathlib import Path
from types import FrameType

from cds.durable.worker import Worker
from cds.ending import end_in_time, end_now

ENDS_WITHIN_S = 28.0
"""After being told to stop; whoever watches over processes waits 30 s."""


def run_worker_process(
    worker: Worker, *, parent_holds_stdin: bool, niceness: int, ends_within_s: float = ENDS_WITHIN_S
) -> None:
    """Work until SIGTERM or SIGINT or, if a parent holds standard input, until it lets go; then exit.

    `niceness` is added to the process's own: a hook is answered in milliseconds while a CT is measured beside it. At
    10 a thread that measures keeps a tenth of a core that hooks fill; far beyond, it would no longer end in time.
    Leaves by `os._exit` when a step is still computing: its work is back in the queue, and
    waiting for a thread that nobody can stop would hold up the shutdown. Likewise after `ends_within_s`, as when a
    database hangs in the middle of an answer: what could not be handed back is taken over.
    """
    _give_way(niceness)
    stop = threading.Event()

    def stop_now(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, stop_now)
    signal.signal(signal.SIGINT, stop_now)
    if parent_holds_stdin:
        threading.Thread(target=_wait_for_parent, args=(stop,), name="parent-watch", daemon=True).start()
    end_in_time(stop, threading.Event(), ends_within_s)  # until the process is gone: Python, too, waits for threads
    if not worker.run(stop):
        end_now()


def _give_way(niceness: int) -> None:
    """Where Linux shares the processor by session first (autogroup), niceness counts only among processes of one."""
    os.nice(niceness)
    autogroup = Path("/proc/self/autogroup")
    if autogroup.exists():
        with suppress(OSError):
            autogroup.write_text(str(niceness), encoding="ascii")


def _wait_for_parent(stop: threading.Event) -> None:
    """Standard input ends when the parent closes it, or dies."""
    while os.read(0, 4096):
        pass
    stop.set()
