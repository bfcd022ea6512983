"""Orders that ended long ago leave the queue database, a few at a time, so that it does not grow for ever.

All attempts of an order go together or not at all: `cds.durable.queue` counts on dense ids. The newest decides:

succeeded, or dropped by an operator  -> goes after `finished_days`
failed or quarantined                 -> goes after `failed_days`: an operator may still ask why
waits or runs                         -> stays, with all its attempts

Somebody who orders for the patient at that very moment may find a gap: then the attempts are counted from 1 anew,
and the order runs once more. Rows that were deleted are used again; an SQLite file does not get smaller by that.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from dbos import DBOSClient, WorkflowStatus

from cds.clocks import is_due
from cds.durable.database import WORKFLOW, open_client
from cds.durable.open_orders import was_dropped
from cds.durable.queue import attempts_of
from cds.ports import Clock

_EVERY = timedelta(hours=1)
_AT_ONCE = 100
"""Attempts looked at in one go: other errands wait, and workers take orders from the same tables."""
_ENDED = ["SUCCESS", "CANCELLED", "ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
_FAILED = ("ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")
_BEGINNING = datetime.fromtimestamp(0, UTC)


class QueueRetention:
    """An errand of workers; any number of them may run it at once."""

    def __init__(
        self, queue_database_url: str, clock: Clock, *, finished_days: int | None, failed_days: int | None
    ) -> None:
        """None: kept for ever."""
        self._client: DBOSClient = open_client(queue_database_url)
        self._clock = clock
        self._finished = None if finished_days is None else timedelta(days=finished_days)
        self._failed = None if failed_days is None else timedelta(days=failed_days)
        self._rested_at: datetime | None = None
        """When the last round ended; None while one goes on."""
        self._since = _BEGINNING
        """How far this round is, by when attempts were queued."""
        self._limit = _AT_ONCE

    def purge(self) -> None:
        """If it is time; a round over a large queue is carried on the next time."""
        now = self._clock.now()
        kept = [each for each in (self._finished, self._failed) if each is not None]
        if not kept or (self._rested_at is not None and not is_due(self._rested_at, now, _EVERY)):
            return
        page = self._client.list_workflows(
            name=WORKFLOW,
            status=_ENDED,
            start_time=self._since.isoformat(),
            end_time=(now - min(kept)).isoformat(),
            limit=self._limit,
            load_input=False,
            load_output=False,
        )
        self._delete({each.workflow_id.rpartition(".")[0] for each in page}, now)
        self._rested_at = self._turned(page, now)

    def _turned(self, page: Sequence[WorkflowStatus], now: datetime) -> datetime | None:
        """Set the page after this one; when the round ended, if it did."""
        if len(page) < self._limit:
            self._since, self._limit = _BEGINNING, _AT_ONCE
            return now
        last = datetime.fromtimestamp((page[-1].created_at or 0) / 1000, UTC)
        # More of one millisecond than were asked for, and none of them went: asked for again with the rest.
        self._limit = self._limit * 2 if last == self._since else _AT_ONCE
        self._since = last
        return None

    def _delete(self, works: set[str], now: datetime) -> None:
        for work in sorted(works):
            attempts = attempts_of(self._client, work, load_output=False)
            if attempts and self._is_over(attempts[-1], now):
                self._client.delete_workflows([each.workflow_id for each in attempts])

    def _is_over(self, newest: WorkflowStatus, now: datetime) -> bool:
        if newest.status not in _ENDED:
            return False
        failed = newest.status in _FAILED and not was_dropped(newest)
        kept = self._failed if failed else self._finished
        ended = datetime.fromtimestamp((newest.completed_at or newest.updated_at or 0) / 1000, UTC)
        return kept is not None and ended < now - kept
