"""How long one CT may be measured and how much memory that may take; whoever takes more ends its process.

A thread that computes cannot be stopped from outside, so the whole worker ends: it is replaced, and the
work is tried again a few times (`cds.durable.begun_work`). Memory is what is resident, of the whole
process: torch reserves far more address space than it ever uses.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
        watch = threading.Thread(target=self._watch, args=(done, workflow_id, note), name="limits", daemon=True)
        with trace.watching(workflow_id, self.seconds + self.hard_stop_after_s):
            give_turn(self.hung_after_processor_s)
            watch.start()
            try:
                yield
            finally:
                done.set()
                watch.join()

    def _watch(self, done: threading.Event, workflow_id: str, note: Note) -> None:
        begun = time.monotonic()
        while not done.wait(_LOOK_EVERY_S):
            give_turn(self.hung_after_processor_s)
            if time.monotonic() - begun > self.seconds:
                _end(f"measuring took more than {self.seconds:g} s", workflow_id, note)
            if resident_mb() > self.memory_mb:
                _end(f"measuring took more than {self.memory_mb} MB of memory", workflow_id, note)


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
