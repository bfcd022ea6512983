"""A worker: takes one screening at a time from the queue, and gives back what it cannot finish."""

import logging
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import structlog
from dbos import DBOS, DBOSConfig
from sqlalchemy.exc import SQLAlchemyError

from cds.durable.begun_work import BegunWork
from cds.durable.checkpoints import JsonSerializer
from cds.durable.database import APPLICATION, QUEUE, WORKFLOW_VERSION
from cds.durable.errands import Errand, running_errands
from cds.durable.hang_trace import HangTrace
from cds.durable.heartbeat import Heartbeats, beating
from cds.durable.limits import Limits
from cds.durable.takeover import LOOK_EVERY_S, LivingWorkers, Takeover
from cds.durable.worker_slot import claim_slot, names_without_worker
from cds.durable.workflow import ArchiveWatch, Outcomes, ScreeningSteps, Work, register_workflow

_ERRANDS_END_WITHIN_S = 3.0
"""Each may be cut off anywhere: what it had in hand is tried again by the next worker."""


class Workers(Heartbeats, LivingWorkers, Protocol):
    """Where workers say that they are alive, and see the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """Everything one worker process needs; DBOS allows one of them in a process."""

    queue_database_url: str
    steps: ScreeningSteps
    archive_watch: ArchiveWatch
    outcomes: Outcomes
    heartbeats: Workers
    slots: Path
    """A folder of this machine that outlives the process."""
    limits: Limits
    """Of one measurement."""
    finish_within_s: int = 14
    """After being told to stop; then unfinished work goes back to the queue."""
    look_every_s: float = LOOK_EVERY_S
    """How often to look for work of workers that are lost."""
    listen_every_s: float = 1.0
    """How often DBOS looks for messages, which we never send; on SQLite it takes as long to end."""
    retry_after_s: float = 1.0
    """How long a gap of archive or database a step rides out, and then twice that; longer ones end the attempt."""
    errands: tuple[Errand, ...] = ()
    """What is done beside the queue, such as bringing results to the archive."""

    def run(self, stop: threading.Event) -> bool:
        """Work until told to stop; True if nothing was left unfinished.

        1. take a name, and queue again what its last bearer left unfinished
        2. say "alive" every few seconds, take work from the queue, and that of workers which are lost
        3. when told to stop: say goodbye first, finish what is running
        4. what is not finished in time goes back to the queue, for the next worker
        """
        begun = BegunWork(self.queue_database_url)
        with claim_slot(self.slots) as name, running_errands(self.errands, end_within_s=_ERRANDS_END_WITHIN_S):
            work = Work(begun, self.limits, self._trace_of(name), self.outcomes)
            self._launch(name, work)
            takeover = Takeover(begun, self.heartbeats, name, work.running)
            looking = running_errands([takeover.look], self.look_every_s, end_within_s=_ERRANDS_END_WITHIN_S)
            with looking, beating(self.heartbeats, name):
                stop.wait()
            DBOS.destroy(
                destroy_registry=True, workflow_completion_timeout_sec=self.finish_within_s if work.running else 0
            )
            returned = _handed_back(begun, name)
        begun.close()
        structlog.get_logger().info("worker-stopped", returned=returned)
        return returned == 0

    def _launch(self, name: str, work: Work) -> None:
        """Queue again first: DBOS would run what it recovers by itself beside what it takes from the queue."""
        for orphaned in (name, *names_without_worker(self.slots)):
            _note_hang(self._trace_of(orphaned), work.begun)
            work.begun.hand_back_of(orphaned, in_order=False)
        register_workflow(self.steps, self.archive_watch, work, self.retry_after_s)
        DBOS(config=self._configuration(name))
        _log_with_the_others(logging.getLogger("dbos"))
        DBOS.listen_queues([QUEUE])
        DBOS.launch()
        structlog.get_logger().info("worker-started", worker=name)

    def _trace_of(self, name: str) -> HangTrace:
        return HangTrace(self.slots / f"{name}.hang")

    def _configuration(self, name: str) -> DBOSConfig:
        return {
            "name": APPLICATION,
            "system_database_url": self.queue_database_url,
            "application_version": WORKFLOW_VERSION,
            "executor_id": name,
            "serializer": JsonSerializer(),
            "run_migrations": False,
            "db_engine_kwargs": {"hide_parameters": True},
            "notification_listener_polling_interval_sec": self.listen_every_s,
            "log_level": "WARNING",
        }


def _note_hang(trace: HangTrace, begun: BegunWork) -> None:
    """Before its work is begun again: what hangs every time is put aside for that, and not for dying."""
    hang = trace.read()
    if hang is not None:
        structlog.get_logger().error("worker-hung", work=hang.workflow_id, cause=hang.cause, where=hang.where)
        begun.note_overrun(hang.workflow_id, hang.cause)
    trace.forget()


def _handed_back(begun: BegunWork, name: str) -> int | None:
    """How much; None where the queue database is away: then it is taken over later."""
    try:
        return begun.hand_back_of(name, in_order=True)
    except SQLAlchemyError as error:
        structlog.get_logger().error("not-handed-back", kind=type(error).__name__)
        return None


def _log_with_the_others(logger: logging.Logger) -> None:
    """DBOS gives its logger a handler of its own, which writes free text."""
    for handler in tuple(logger.handlers):
        logger.removeHandler(handler)
    logger.propagate = True
    logger.addFilter(_without_traceback)


def _without_traceback(record: logging.LogRecord) -> bool:
    """One line for each failure: the frames are those of DBOS; ours are logged where it happened."""
    record.exc_info = None
    return True
