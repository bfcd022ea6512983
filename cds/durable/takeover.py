"""Work of a worker that is lost for good goes back to the queue, for whoever lives.

A worker is lost when its heartbeat in the database does not change any more. What counts is how
often this process has looked and seen no change, never a time of day: clocks of machines differ
and jump. While the database cannot be asked nobody can beat, so a look that fails starts all over.

The worker may be slow and not dead. Then it finds, at its next checkpoint, that the work is no
longer its own, and stops before it publishes; a publish on its way is idempotent by the result's id.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import structlog

from cds.durable.begun_work import BegunWork

LOOK_EVERY_S = 5.0
LOST_AFTER_LOOKS = 7
"""Half a minute without a beat, of which there is one every five seconds; work is under way again within 60 s."""


class LivingWorkers(Protocol):
    """Where workers say that they are alive."""

    def beats(self) -> Mapping[str, datetime]:
        """The last beat of each worker that has not said goodbye."""

    def leave(self, worker: str) -> None:
        """Forget it: it is lost."""


@dataclass(frozen=True, slots=True)
class _Sign:
    bearer: str
    beat: datetime | None


class Takeover:
    """One worker's watch over the others, and over work of its own that it has lost sight of."""

    def __init__(self, begun: BegunWork, workers: LivingWorkers, name: str, running: Collection[str]) -> None:
        self._begun = begun
        self._workers = workers
        self._name = name
        self._running = running
        """Workflow ids that this process works on; changes all the time."""
        self._seen: dict[str, tuple[_Sign, int]] = {}

    def look(self) -> None:
        """Look once; run every `LOOK_EVERY_S`."""
        before, self._seen = self._seen, {}
        beats, pending = self._workers.beats(), self._begun.pending()
        lost: dict[str, str] = {}
        for workflow_id, bearer in pending.items():
            if bearer == self._name and workflow_id in self._running:
                continue
            # Its own beat tells a worker nothing about work that it does not run.
            sign = _Sign(bearer, None if bearer == self._name else beats.get(bearer))
            seen, looks = before.get(workflow_id, (None, 0))
            looks = looks + 1 if seen == sign else 1
            if looks >= LOST_AFTER_LOOKS:
                lost[workflow_id] = bearer
            else:
                self._seen[workflow_id] = sign, looks
        self._take(lost)

    def _take(self, lost: Mapping[str, str]) -> None:
        if not lost:
            return
        self._begun.hand_back(lost)
        for bearer in set(lost.values()) - {self._name}:
            self._workers.leave(bearer)
        structlog.get_logger().warning("work-taken-over", of=sorted(set(lost.values())), orders=len(lost))
