"""What native code leaves behind that never lets another thread of Python run.

No thread of the process can end it then, or say why, so both are prepared before the work begins: the cause is
written down, and two clocks outside the interpreter add where the threads stood when they end the process:

time of the processor   set back again and again by a thread of Python; runs out where none gets its turn. Neither a
                        machine that stands still nor one that is busy with other things uses it up
time of day             for code that holds the interpreter and waits

Whoever bears the worker's name next reads it. A file with the cause alone was left by a process that died otherwise.
"""

import faulthandler
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TextIO

_CAUSE = "measuring hung and let no other thread of its process run"


@dataclass(frozen=True, slots=True)
class Hang:
    """What hung, and where."""

    workflow_id: str
    cause: str
    where: str
    """Files, lines and functions; no values."""


@dataclass(frozen=True, slots=True)
class HangTrace:
    """One file, of one worker's name."""

    file: Path

    @contextmanager
    def watching(self, workflow_id: str) -> Iterator[Callable[[float], None]]:
        """End this process where `give_turn` comes too late, or at the moment that was set last, in seconds from then.

        Yields what sets that moment.
        """
        sink = self._opened(f"{workflow_id} {_CAUSE}\n")
        faulthandler.register(signal.SIGPROF, file=sink, chain=True)  # and then as by default: the process ends
        try:
            yield lambda after_s: faulthandler.dump_traceback_later(after_s, exit=True, file=sink)
        finally:
            give_turn(0)
            faulthandler.unregister(signal.SIGPROF)
            faulthandler.cancel_dump_traceback_later()
            if sink is not sys.stderr:
                sink.close()
                self.forget()

    def read(self) -> Hang | None:
        """What the last process of this name hung in; None where it did not."""
        if not self.file.exists():
            return None
        head, _, where = self.file.read_text(encoding="utf-8", errors="replace").partition("\n")
        workflow_id, _, cause = head.partition(" ")
        return Hang(workflow_id, cause, where.strip()) if where.strip() else None

    def forget(self) -> None:
        """It is known."""
        self.file.unlink(missing_ok=True)

    def _opened(self, head: str) -> BinaryIO | TextIO:
        """Where the disk is full, the trace goes to the log, and the cause is lost."""
        try:
            sink = self.file.open("wb", buffering=0)
            sink.write(head.encode())
        except OSError:
            return sys.stderr
        return sink


def give_turn(processor_s: float) -> None:
    """Threads of Python run: the process may use so much time of the processor until the next call; 0: any."""
    signal.setitimer(signal.ITIMER_PROF, processor_s)
