"""One commit for all who wait for one: an fsync costs the same for one row as for ten.

Nobody waits in order to form a group. The first to come writes; those who come meanwhile queue up,
and the next of them writes for all. There is no thread of its own, so there is nothing to stop
and nothing that could be lost.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

_T = TypeVar("_T")


@dataclass(slots=True, eq=False)
class _Waiting(Generic[_T]):
    """Something to write, and how that ended."""

    item: _T
    taken: bool = False
    fault: Exception | None = None


class GroupCommit(Generic[_T]):
    """Writes in the order of submission; `write` commits all that it is given, or raises and keeps nothing."""

    def __init__(self, write: Callable[[Sequence[_T]], None]) -> None:
        self._write = write
        self._queue: list[_Waiting[_T]] = []
        self._queueing = threading.Lock()
        self._writing = threading.Lock()

    def submit(self, item: _T) -> None:
        """Return when it is committed, or raise what `write` raised for it."""
        waiting = _Waiting(item)
        with self._queueing:
            self._queue.append(waiting)
        with self._writing:
            if not waiting.taken:
                self._write_all(self._take())
        if waiting.fault is not None:
            raise waiting.fault

    def _take(self) -> Sequence[_Waiting[_T]]:
        """All who wait; until their commit has ended well, it is taken to have failed."""
        with self._queueing:
            taken, self._queue = self._queue, []
        for each in taken:
            each.taken, each.fault = True, RuntimeError("the commit was cut off")
        return taken

    def _write_all(self, group: Sequence[_Waiting[_T]]) -> None:
        """Where a group fails, each alone: one that cannot be written fails nobody else."""
        try:
            self._write([each.item for each in group])
        except Exception as fault:  # noqa: BLE001 - raised again where it belongs, in `submit`
            if len(group) > 1:
                for each in group:
                    self._write_all([each])
            else:
                group[0].fault = fault
        else:
            for each in group:
                each.fault = None
