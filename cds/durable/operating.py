"""The queue as an operator sees it: what waits, runs or failed; try again, or drop."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from dbos import WorkflowStatus
from dbos import error as dbos_error
from sqlalchemy.exc import SQLAlchemyError

from cds.durable.begun_work import times_begun
from cds.durable.database import QUEUE, WORKFLOW, open_client
from cds.durable.open_orders import DROPPED, FAILED, open_orders
from cds.durable.orders import attempt_id, next_attempt_id
from cds.durable.queue import cause_of
from cds.errors import InputUnusable, QueueUnavailable
from cds.ports import Clock

OrderState = Literal["waiting", "running", "failed"]

_STATES: dict[str, OrderState] = {
    "ENQUEUED": "waiting",
    "DELAYED": "waiting",
    "PENDING": "running",
    **dict.fromkeys(FAILED, "failed"),
}
_OPERATORS_PRIORITY = 1
"""As an order that a clinician waits for: somebody stands there and looks."""


@dataclass(frozen=True, slots=True)
class QueuedOrder:
    """One order in the queue, by an id that tells nothing of the patient."""

    work_id: str
    """The same for every attempt."""
    attempt: int
    state: OrderState
    since: datetime
    """Queued, begun or failed at."""
    age: timedelta
    """Since the attempt was queued."""
    times_begun: int
    """Of this attempt: more than once where workers died or were ended."""
    cause: str | None
    """Why it failed; of what waits, why the attempt before did."""
    not_before: datetime | None = None
    """Until when it waits on purpose."""


class QueueDesk:
    """Looks at the queue and mends it; runs nothing. Raises `QueueUnavailable`."""

    def __init__(self, queue_database_url: str, clock: Clock) -> None:
        self._clock = clock
        with _saying_so_if_away():
            self._client = open_client(queue_database_url)

    def orders(self) -> Sequence[QueuedOrder]:
        """What waits, runs or failed, the oldest first; of each order the newest attempt alone."""
        with _saying_so_if_away():
            return tuple(self._order(each) for each in self._open())

    def retry(self, named: str) -> str:
        """Queue again what failed, or take now what waits on purpose; its id. Raises `InputUnusable`."""
        with _saying_so_if_away():
            return self._tried_again(self._named(named))

    def drop(self, named: str) -> str:
        """Do not work on it any more, and do not list it; its id. Raises `InputUnusable`.

        What runs stops at its next checkpoint. The next order for the patient is queued anew after a day.
        """
        with _saying_so_if_away():
            row = self._named(named)
            if _STATES[row.status] == "failed":
                self._client.update_workflow_attributes(row.workflow_id, {DROPPED: True}, merge=True)
            else:
                self._client.cancel_workflow(row.workflow_id)
            return row.workflow_id

    def close(self) -> None:
        """Let go of the connections."""
        self._client.destroy()

    def _tried_again(self, row: WorkflowStatus) -> str:
        match row.status:
            case "ENQUEUED":
                raise InputUnusable(f"{row.workflow_id} waits already; a worker takes it when it is free")
            case "PENDING":
                raise InputUnusable(f"{row.workflow_id} is running")
            case "DELAYED":
                self._client.resume_workflow(row.workflow_id, queue_name=QUEUE)
                return row.workflow_id
        following = next_attempt_id(row.workflow_id)
        self._client.enqueue(
            {
                "queue_name": QUEUE,
                "workflow_name": WORKFLOW,
                "workflow_id": following,
                "priority": _OPERATORS_PRIORITY,
            },
            self._order_json(row.workflow_id),
            0,
        )
        return following

    def _open(self) -> Iterator[WorkflowStatus]:
        rows = self._client.list_workflows(name=WORKFLOW, status=list(_STATES), load_input=False)
        return open_orders(self._client, rows)

    def _order(self, row: WorkflowStatus) -> QueuedOrder:
        state = _STATES[row.status]
        queued = _moment(row.created_at)
        since = {
            "waiting": queued,
            "running": _moment(row.dequeued_at or row.created_at),
            "failed": _moment(row.completed_at or row.updated_at),
        }[state]
        work, _, attempt = row.workflow_id.rpartition(".")
        return QueuedOrder(
            work_id=work,
            attempt=int(attempt),
            state=state,
            since=since,
            age=self._clock.now() - queued,
            times_begun=times_begun(row.attributes),
            cause=cause_of(row) if state == "failed" else self._cause_before(work, int(attempt)),
            not_before=_moment(row.delay_until_epoch_ms) if row.status == "DELAYED" else None,
        )

    def _cause_before(self, work: str, attempt: int) -> str | None:
        before = [attempt_id(work, attempt - 1)] if attempt > 1 else []
        rows = self._client.list_workflows(workflow_ids=before, load_input=False) if before else []
        return cause_of(rows[0]) if rows and rows[0].error is not None else None

    def _named(self, named: str) -> WorkflowStatus:
        """By the id as printed, or any beginning of it that only one order has."""
        found = [row for row in self._open() if _matches(row.workflow_id, named.strip())]
        if len(found) != 1:
            raise InputUnusable(
                f"{len(found) or 'no'} orders in the queue are called {named!r}; see osteocds queue list"
            )
        return found[0]

    def _order_json(self, workflow_id: str) -> Any:  # noqa: ANN401 - as it was queued
        (row,) = self._client.list_workflows(workflow_ids=[workflow_id], load_output=False)
        if row.input is None:
            raise InputUnusable(f"{workflow_id} is no longer kept with its order; drop it, and order anew")
        return row.input["args"][0]


def _matches(workflow_id: str, named: str) -> bool:
    """At least four digits of it: nothing happens to an order that was not meant."""
    return len(named) >= len("screen-") + 4 and workflow_id.startswith(named)


def _moment(epoch_ms: int | None) -> datetime:
    return datetime.fromtimestamp((epoch_ms or 0) / 1000, UTC)


@contextmanager
def _saying_so_if_away() -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, dbos_error.DBOSException) as error:
        raise QueueUnavailable(
            f"the queue database cannot be used ({type(error).__name__}): is OSTEOCDS_QUEUE_DATABASE_URL right, "
            "and was the service started once?"
        ) from None
