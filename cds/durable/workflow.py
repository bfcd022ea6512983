"""One screening as three durable steps: choose, measure, publish.

What each step returns is a checkpoint. After a crash, finished steps are not run again; the
step that was cut off is, from its beginning.

archive or database away       -> the step is tried again within seconds; then this attempt ends
                                  and the next one waits in the queue, so that no order is lost
                                  and none blocks the others
the chosen study has vanished, or what comes of it is of no use
                               -> the next attempt chooses again; a few times, since others are not concerned
the archive sends too slowly   -> the next attempt waits at once: meanwhile the worker is there for others
its worker died, or was ended  -> begun again, a few times; then quarantined (`cds.durable.begun_work`)
anything else                  -> failed, with its cause; asking again later queues it again
"""

import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any, Protocol, TypeVar

import structlog
from dbos import DBOS, StepOptions
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolExhausted

from cds.durable.begun_work import BegunWork
from cds.durable.checkpoints import Failure, ScreeningFailed, failure_of
from cds.durable.database import QUEUE, WORKFLOW
from cds.durable.hang_trace import HangTrace
from cds.durable.limits import Limits
from cds.durable.orders import OrderJson, next_attempt_id, priority_of_next_attempt
from cds.errors import (
    ArchiveTooSlow,
    ArchiveUnavailable,
    OsteocdsError,
    RecordsUnavailable,
    SeriesUnusable,
    StudyVanished,
)
from cds.trace import HEADER, failed, following, note

Json = dict[str, Any]
_T = TypeVar("_T")

_DISPATCHES_AT_MOST = 100
"""Counted by DBOS, for what dies before `BegunWork` can count."""

_CHOOSE_AGAIN = {StudyVanished.__name__, SeriesUnusable.__name__}
_CHOSEN_AT_MOST = 3
_AWAY = (ArchiveUnavailable, ArchiveTooSlow, RecordsUnavailable)
"""Passes by itself: the order waits."""
_DISK_FULL = {"SQLITE_FULL", "53100"}
"""As SQLite and PostgreSQL say it."""
_AWAY_TRIES = 720
"""About a day."""
_AWAY_FIRST_WAIT = timedelta(seconds=15)
_AWAY_LONGEST_WAIT = timedelta(minutes=2)


class ScreeningSteps(Protocol):
    """The slow path of `cds.screening` with JSON in and out; each step is safe to run again."""

    def choose(self, order: OrderJson) -> Json | None:
        """What to measure; None if there is nothing, `already` the id of a result that is known."""

    def measure(self, choice: Json) -> Json | None:
        """The assessment record; None if nothing may be measured any more."""

    def publish(self, choice: Json, record: Json) -> str | None:
        """The id of the stored result, the same however often it runs; None if nothing may be stored."""


class ArchiveWatch(Protocol):
    """Is told whether the archive answers, for everyone who waits for it."""

    def archive_ok(self) -> None:
        """It has just answered."""

    def archive_failed(self) -> None:
        """It could not be asked."""


class Outcomes(Protocol):
    """Is told what steps cannot tell, because none of them has ended."""

    def failed(self, kind: str) -> None:
        """An order failed, and nobody but the next hook asks again."""

    def worker_lost(self) -> None:
        """Whoever worked on an order before died, or was ended because of it."""


@dataclass(frozen=True, slots=True)
class Work:
    """What this process works on, and within which limits."""

    begun: BegunWork
    limits: Limits
    trace: HangTrace
    outcomes: Outcomes
    running: list[str] = field(default_factory=list)
    """Workflow ids; twice in it if one was taken away and came back while it ran."""

    @contextmanager
    def on(self, workflow_id: str) -> Iterator[None]:
        """Say so for as long as it lasts; raises `ScreeningFailed` for what was tried too often."""
        self.running.append(workflow_id)
        try:
            beginning = self.begun.begin(workflow_id)
            if beginning.number > 1:
                self.outcomes.worker_lost()
            if beginning.quarantined is not None:
                raise ScreeningFailed(beginning.quarantined)
            yield
        finally:
            self.running.remove(workflow_id)


def register_workflow(steps: ScreeningSteps, watch: ArchiveWatch, work: Work, retry_after_s: float) -> None:
    """Make the workflow known to DBOS in this process; done once, before it is launched."""
    riding_out = partial(_riding_out, retry_after_s)
    choose, measure = _watched(steps.choose, watch), _watched(_limited(steps.measure, work), watch)
    publish = _guarded(steps.publish)

    def screen(order: OrderJson, tries: int) -> Json:
        """One attempt for one patient, in the trace of the call that ordered it."""
        with following(order.get(HEADER), "screening", "consumer"):
            note({"osteocds.work": str(DBOS.workflow_id), "osteocds.hook": order["hook"], "osteocds.tries": tries})
            return attempt(order, tries)

    def attempt(order: OrderJson, tries: int) -> Json:
        try:
            with work.on(str(DBOS.workflow_id)):
                choice = DBOS.run_step(riding_out("choose"), choose, order)
                if choice is None or "already" in choice:
                    return {"result_id": choice and choice["already"]}
                record = DBOS.run_step(riding_out("measure"), measure, choice)
                if record is None:
                    return {"result_id": None}
                return {"result_id": DBOS.run_step(riding_out("publish"), publish, choice, record)}
        except Exception as error:  # noqa: BLE001 - whatever it was, its cause is kept and seen
            failure = failure_of(error)
            structlog.get_logger().warning("screening-failed", work=DBOS.workflow_id, kind=failure.kind)
            failed(failure.kind)
            if not _queue_next_attempt(failure, order, tries):
                work.outcomes.failed(failure.kind)
            raise ScreeningFailed(failure) from None

    DBOS.workflow(name=WORKFLOW, max_recovery_attempts=_DISPATCHES_AT_MOST)(screen)


def _riding_out(retry_after_s: float, step: str) -> StepOptions:
    """Short gaps of archive and database are ridden out inside the step: once after that long, once after twice."""
    return {
        "name": step,
        "retries_allowed": True,
        "max_attempts": 3,
        "interval_seconds": retry_after_s,
        "backoff_rate": 2.0,
        "should_retry": lambda error: isinstance(error, _AWAY) and not isinstance(error, ArchiveTooSlow),
    }


def _queue_next_attempt(failure: Failure, order: OrderJson, tries: int) -> bool:
    """False where there is to be none."""
    wait = _wait_before_next_attempt(failure, tries)
    workflow_id = DBOS.workflow_id
    if wait is None or workflow_id is None:
        return False
    DBOS.enqueue_workflow_with_options(
        {
            "queue_name": QUEUE,
            "workflow_name": WORKFLOW,
            "workflow_id": next_attempt_id(workflow_id),
            "delay_seconds": wait.total_seconds(),
            "priority": priority_of_next_attempt(order),
        },
        order,
        tries + 1,
    )
    return True


def _wait_before_next_attempt(failure: Failure, tries: int) -> timedelta | None:
    """None where nobody but the next hook should ask again."""
    if failure.kind in _CHOOSE_AGAIN and tries + 1 < _CHOSEN_AT_MOST:
        return timedelta(seconds=1)
    if failure.kind in {each.__name__ for each in _AWAY} and tries < _AWAY_TRIES:
        doubled = _AWAY_FIRST_WAIT * (1 << min(tries, 10))
        return min(doubled, _AWAY_LONGEST_WAIT)
    return None


def _watched(step: Callable[[Json], _T], watch: ArchiveWatch) -> Callable[[Json], _T]:
    """The step, telling the watch whether the archive answered."""
    guarded = _guarded(step)

    def run(given: Json) -> _T:
        try:
            outcome = guarded(given)
        except ArchiveUnavailable:
            _tell(watch.archive_failed)
            raise
        _tell(watch.archive_ok)
        return outcome

    return run


def _tell(watch: Callable[[], None]) -> None:
    """What a step has found out is not lost because nobody could be told how the archive is."""
    try:
        watch()
    except SQLAlchemyError as error:
        structlog.get_logger().warning("archive-state-not-written", kind=type(error).__name__)


def _limited(step: Callable[[Json], _T], work: Work) -> Callable[[Json], _T]:
    """The step, ending the process where it takes too much."""

    def run(given: Json) -> _T:
        with work.limits.holding(str(DBOS.workflow_id), work.begun.note_overrun, work.trace):
            return step(given)

    return run


def _guarded(step: Callable[..., _T]) -> Callable[..., _T]:
    """The step, with errors that carry no patient data into logs and checkpoints."""

    def run(*given: object) -> _T:
        try:
            return step(*given)
        except OsteocdsError as error:
            # What it came from may quote a query with a patient identifier.
            raise error from None
        except (OperationalError, InterfaceError, PoolExhausted) as error:
            raise RecordsUnavailable(f"the application database cannot be used now: {_what_ails(error)}") from None
        except Exception as error:  # noqa: BLE001 - anything a step raises may quote patient data
            where = traceback.format_tb(error.__traceback__)
            structlog.get_logger().error("screening-step-failed", kind=type(error).__name__, where=where)
            raise ScreeningFailed(failure_of(error)) from None

    return run


def _what_ails(error: SQLAlchemyError) -> str:
    """By code alone: the text of an error may quote what was to be stored."""
    cause = getattr(error, "orig", None)
    if _DISK_FULL & {getattr(cause, "sqlite_errorname", None), getattr(cause, "sqlstate", None)}:
        return "its disk is full"
    return type(error).__name__
