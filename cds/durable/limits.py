"""How long one CT may be measured and how much memory that may take; whoever takes more ends its process.

A thread that computes cannot be stopped from outside, so the whole worker ends: it is replaced, and the
work is tried again a few times (`cds.durable.begun_work`). Memory is what is resident, of the whole
process: torch reserves far more address space than it ever uses.

What the archive takes to send is no fault of the CT: that time has a limit of its own (`retrieving`). Memory and hangs
are watched meanwhile too, since images are decoded while they arrive.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

import structlog

from cds.durable.hang_trace import HangTrace, give_turn

EXIT_STATUS = 70
_LOOK_EVERY_S = 0.1
_NOTE_WITHIN_S = 5.0
_MEMORY = Path("/proc/self/statm")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")

Note = Callable[[str, str], None]
"""(workflow id, cause): remembers why, before the process ends."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one measurement."""

    seconds: float
    memory_mb: int
    """Resident memory of the process in MiB; not watched where there is no /proc."""
    hard_stop_after_s: float = 15.0
    """Later than `seconds`: for native code that waits and never lets another thread of Python run."""
    hung_after_processor_s: float = 20.0
    """For native code that computes and never lets another thread of Python run: before others, who miss its
    heartbeat, take its work over and hang in it too. Our own code takes the interpreter for a second at most."""

    @contextmanager
    def holding(self, workflow_id: str, note: Note, trace: HangTrace) -> Iterator[None]:
        """End this process if what runs inside takes more."""
        done = threading.Event()
        with trace.watching(workflow_id) as end_hung_after:
            allowance = _Allowance(end_hung_after, self.hard_stop_after_s)
            allowance.begin("measuring", self.seconds)
            arguments = (done, allowance, workflow_id, note)
            watch = threading.Thread(target=self._watch, args=arguments, name="limits", daemon=True)
            give_turn(self.hung_after_processor_s)
            watch.start()
            token = _HELD.set(allowance)
            try:
                yield
            finally:
                _HELD.reset(token)
                done.set()
                watch.join()

    def _watch(self, done: threading.Event, allowance: "_Allowance", workflow_id: str, note: Note) -> None:
        while not done.wait(_LOOK_EVERY_S):
            give_turn(self.hung_after_processor_s)
            if (overdue := allowance.overdue()) is not None:
                _end(overdue, workflow_id, note)
            if resident_mb() > self.memory_mb:
                _end(f"measuring took more than {self.memory_mb} MB of memory", workflow_id, note)


class _Allowance:
    """What runs now, and how long it may."""

    def __init__(self, end_hung_after: Callable[[float], None], hard_stop_after_s: float) -> None:
        self._end_hung_after = end_hung_after
        self._hard_stop_after_s = hard_stop_after_s
        self._now = ("", 0.0, 0.0)

    def begin(self, what: str, may_take_s: float, left_s: float | None = None) -> None:
        """In place of what ran so far; `left_s` where a part of its time is used up."""
        left_s = may_take_s if left_s is None else left_s
        self._now = (what, may_take_s, time.monotonic() + left_s)
        self._end_hung_after(max(0.0, left_s) + self._hard_stop_after_s)

    def overdue(self) -> str | None:
        """What took more than it may."""
        what, may_take_s, until = self._now
        return f"{what} took more than {may_take_s:g} s" if time.monotonic() > until else None

    @contextmanager
    def meanwhile(self, what: str, may_take_s: float) -> Iterator[None]:
        """Something else runs inside, on its own time."""
        before, before_may_take_s, until = self._now
        left_s = until - time.monotonic()
        self.begin(what, may_take_s)
        try:
            yield
        finally:
            self.begin(before, before_may_take_s, left_s)


_HELD: ContextVar[_Allowance | None] = ContextVar("held", default=None)


@contextmanager
def retrieving(may_take_s: float) -> Iterator[None]:
    """Time of the archive inside a measurement; outside of one, nothing is limited."""
    allowance = _HELD.get()
    if allowance is None:
        yield
        return
    with allowance.meanwhile("retrieving a series", may_take_s):
        yield


def resident_mb() -> float:
    """Memory of this process that is in use now; 0 where the system does not say."""
    if not _MEMORY.exists():
        return 0.0
    return int(_MEMORY.read_text(encoding="ascii").split()[1]) * _PAGE_BYTES / 2**20


def _end(cause: str, workflow_id: str, note: Note) -> None:
    structlog.get_logger().error("measurement-stopped", work=workflow_id, cause=cause)
    noting = threading.Thread(target=note, args=(workflow_id, cause), daemon=True)
    noting.start()
    noting.join(_NOTE_WITHIN_S)  # the database may be away, too
    os._exit(EXIT_STATUS)
