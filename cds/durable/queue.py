"""The queue as the web process sees it: enqueue and ask, through the queue database alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from dbos import DBOSClient, WorkflowStatus
from dbos import error as dbos_error
from sqlalchemy.exc import SQLAlchemyError

from cds.clocks import lately
from cds.ct.patient import PatientKey
from cds.durable.begun_work import QUARANTINED
from cds.durable.checkpoints import failure_of
from cds.durable.database import QUEUE, WORKFLOW, open_client
from cds.durable.orders import attempt_id, order_to_json, priority_of, was_asked_by_clinician, work_id
from cds.errors import QueueUnavailable
from cds.order import ImagingOrder
from cds.ports import Clock, ScreenState

_WINDOW = 32
"""Attempts asked for at once; more than one round is needed only after years of hooks."""

_STATES: dict[str, Literal["queued", "running", "done"]] = {
    "ENQUEUED": "queued",
    "DELAYED": "queued",
    "PENDING": "running",
    "SUCCESS": "done",
}


@dataclass(frozen=True, slots=True)
class Patience:
    """How soon the same patient may be screened again."""

    after_success: timedelta = timedelta(seconds=2)
    """A hook that read the store just before a result landed does not measure again."""
    after_failure: timedelta = timedelta(minutes=1)
    """Doubles with every failure in a row, so that one bad CT does not keep a worker busy."""
    longest: timedelta = timedelta(hours=24)

    def after(self, failures_in_a_row: int) -> timedelta:
        """How long to wait after the last attempt ended."""
        if failures_in_a_row == 0:
            return self.after_success
        doubled = self.after_failure * (1 << min(failures_in_a_row - 1, 20))
        return min(doubled, self.longest)


class DbosScreeningQueue:
    """The `ScreeningQueue` on DBOS, for one generation of models and calibration."""

    def __init__(self, queue_database_url: str, generation: str, clock: Clock, patience: Patience = Patience()) -> None:
        self._generation = generation
        self._clock = clock
        self._patience = patience
        self._client = open_client(queue_database_url)

    def submit(self, order: ImagingOrder) -> ScreenState:
        """Queue the patient's screening, unless one of these holds.

        one is queued or running       -> that one's state; one that no clinician asked for goes before its turn
        one has just succeeded         -> done; the store knows the result
        the last ones failed, lately   -> failed, with the cause, until the wait is over
        quarantined, or dropped        -> the same, for the longest wait
        """
        work = work_id(order.patient.key, self._generation)
        try:
            attempts = attempts_of(self._client, work)
            state = _state_of(attempts)
            if _can_be_brought_forward(attempts, order):
                # First the new attempt, then the old one: of two that run, the second finds the result known.
                self._enqueue(attempt_id(work, len(attempts) + 1), order)
                self._client.cancel_workflow(attempts[-1].workflow_id)
                return ScreenState("queued", self._clock.now())
            if state.state in ("queued", "running") or self._must_wait(attempts, state):
                return state
            self._enqueue(attempt_id(work, len(attempts) + 1), order)
        except (SQLAlchemyError, dbos_error.DBOSException) as error:
            raise _unavailable(error) from None
        return ScreenState("queued", self._clock.now())

    def state(self, patient: PatientKey) -> ScreenState:
        """Where the newest attempt stands."""
        try:
            return _state_of(attempts_of(self._client, work_id(patient, self._generation)))
        except (SQLAlchemyError, dbos_error.DBOSException) as error:
            raise _unavailable(error) from None

    def close(self) -> None:
        """Let go of the connections."""
        self._client.destroy()

    def _must_wait(self, attempts: Sequence[WorkflowStatus], state: ScreenState) -> bool:
        if state.since is None:
            return False
        longest = self._patience.longest if _is_put_aside(attempts[-1]) else self._patience_after(attempts)
        return lately(state.since, self._clock.now(), longest)

    def _patience_after(self, attempts: Sequence[WorkflowStatus]) -> timedelta:
        return self._patience.after(_failures_in_a_row(attempts))

    def _enqueue(self, workflow_id: str, order: ImagingOrder) -> None:
        """Idempotent: of two processes that enqueue the same attempt, one does it."""
        self._client.enqueue(
            {
                "queue_name": QUEUE,
                "workflow_name": WORKFLOW,
                "workflow_id": workflow_id,
                "priority": priority_of(order),
            },
            order_to_json(order),
            0,
        )


def attempts_of(client: DBOSClient, work: str, *, load_output: bool = True) -> list[WorkflowStatus]:
    """All attempts so far, first to last: ids are dense, so asking stops at the first gap."""
    found: list[WorkflowStatus] = []
    while True:
        ids = [attempt_id(work, len(found) + number) for number in range(1, _WINDOW + 1)]
        listed = client.list_workflows(workflow_ids=ids, load_input=False, load_output=load_output)
        rows = {row.workflow_id: row for row in listed}
        found += [rows[each] for each in ids if each in rows]
        if len(rows) < _WINDOW:
            return found


def _can_be_brought_forward(attempts: Sequence[WorkflowStatus], order: ImagingOrder) -> bool:
    """Whether a clinician now asks for what waits behind everybody, as an order of an archive sweep does."""
    if not attempts or attempts[-1].status != "ENQUEUED":
        return False
    waiting = attempts[-1].priority or 0
    return was_asked_by_clinician(priority_of(order)) and not was_asked_by_clinician(waiting)


def _state_of(attempts: Sequence[WorkflowStatus]) -> ScreenState:
    if not attempts:
        return ScreenState("none")
    last = attempts[-1]
    state = _STATES.get(last.status, "failed")
    match state:
        case "queued":
            return ScreenState(state, _moment(last.created_at))
        case "running":
            return ScreenState(state, _moment(last.dequeued_at or last.created_at))
        case "done":
            return ScreenState(state, _moment(last.completed_at or last.updated_at))
    return ScreenState("failed", _moment(last.completed_at or last.updated_at), cause_of(last))


def _is_put_aside(attempt: WorkflowStatus) -> bool:
    """Whether it harms workers, or an operator did not want it."""
    quarantined = attempt.error is not None and failure_of(attempt.error).kind == QUARANTINED
    return quarantined or attempt.status in ("CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")


def cause_of(attempt: WorkflowStatus) -> str:
    """Why it failed, in a sentence without patient data."""
    match attempt.status:
        case "CANCELLED":
            return "dropped by an operator"
        case "MAX_RECOVERY_ATTEMPTS_EXCEEDED":
            return "the worker died each time it worked on this"
    return failure_of(attempt.error).text if attempt.error else "unknown"


def _failures_in_a_row(attempts: Sequence[WorkflowStatus]) -> int:
    """How many of the last attempts failed without a success in between."""
    failures = 0
    for attempt in reversed(attempts):
        if attempt.status in _STATES:
            break
        failures += 1
    return failures


def _moment(epoch_ms: int | None) -> datetime | None:
    return None if epoch_ms is None else datetime.fromtimestamp(epoch_ms / 1000, UTC)


def _unavailable(error: Exception) -> QueueUnavailable:
    """Without the original's text, which quotes the order."""
    return QueueUnavailable(f"the queue database cannot be used now ({type(error).__name__})")
