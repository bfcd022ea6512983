"""A worker: takes one screening at a time from the queue, and gives back what it cannot finish."""

import logging
import threading
from dataclasses import dataclass
from pathlib import Path

import structlog
from dbos import DBOS, DBOSConfig

from cds.durable.checkpoints import JsonSerializer
from cds.durable.database import APPLICATION, QUEUE, WORKFLOW_VERSION, open_client
from cds.durable.errands import Errand, running_errands
from cds.durable.heartbeat import Heartbeats, beating
from cds.durable.worker_slot import claim_slot, names_without_worker
from cds.durable.workflow import ArchiveWatch, ScreeningSteps, register_workflow


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """Everything one worker process needs; DBOS allows one of them in a process."""

    queue_database_url: str
    steps: ScreeningSteps
    archive_watch: ArchiveWatch
    heartbeats: Heartbeats
    slots: Path
    """A folder of this machine that outlives the process."""
    finish_within_s: int = 20
    """After being told to stop; then unfinished work goes back to the queue."""
    errands: tuple[Errand, ...] = ()
    """What is done beside the queue, such as bringing results to the archive."""

    def run(self, stop: threading.Event) -> bool:
        """Work until told to stop; True if nothing was left unfinished.

        1. take a name, and with it what the last bearer left unfinished
        2. say "alive" every few seconds, take work from the queue
        3. when told to stop: say goodbye first, finish what is running
        4. what is not finished in time goes back to the queue, for the next worker
        """
        with claim_slot(self.slots) as name:
            self._launch(name)
            with beating(self.heartbeats, name), running_errands(self.errands):
                stop.wait()
            busy = bool(DBOS.list_workflows(status="PENDING", executor_id=name, load_input=False))
            DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=self.finish_within_s if busy else 0)
            returned = self._return_to_queue(name)
        structlog.get_logger().info("worker-stopped", returned=returned)
        return returned == 0

    def _launch(self, name: str) -> None:
        for orphaned in names_without_worker(self.slots):
            self._return_to_queue(orphaned)
        register_workflow(self.steps, self.archive_watch)
        DBOS(config=self._configuration(name))
        _log_with_the_others(logging.getLogger("dbos"))
        DBOS.listen_queues([QUEUE])
        DBOS.launch()
        structlog.get_logger().info("worker-started", worker=name)

    def _configuration(self, name: str) -> DBOSConfig:
        return {
            "name": APPLICATION,
            "system_database_url": self.queue_database_url,
            "application_version": WORKFLOW_VERSION,
            "executor_id": name,
            "serializer": JsonSerializer(),
            "run_migrations": False,
            "db_engine_kwargs": {"hide_parameters": True},
            "log_level": "WARNING",
        }

    def _return_to_queue(self, name: str) -> int:
        """Queue again what was begun under a name that nobody bears any more."""
        client = open_client(self.queue_database_url)
        try:
            begun = client.list_workflows(status="PENDING", executor_id=name, load_input=False, load_output=False)
            for each in begun:
                client.resume_workflow(each.workflow_id, queue_name=QUEUE)
            return len(begun)
        finally:
            client.destroy()


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
