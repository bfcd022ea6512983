"""Work that somebody has begun: how often, what became of it, and giving it back to the queue.

Kept as attributes of the workflow, in the queue database: they outlive every worker.

a worker died while it worked on it    -> begun again, at most `BEGUN_AT_MOST` times
it took more time or memory than it may -> begun again, at most `OVERRUNS_AT_MOST` times
after that                             -> quarantined: failed, with its cause, until an operator says otherwise
a worker gave it back in order         -> does not count
"""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import structlog
from dbos import WorkflowStatus
from sqlalchemy.exc import SQLAlchemyError

from cds.durable.checkpoints import Failure
from cds.durable.database import QUEUE, open_client

BEGUN_AT_MOST = 5
OVERRUNS_AT_MOST = 3
"""Fewer: a CT that is too large or hangs does so every time, and each try costs minutes."""
QUARANTINED = "Quarantined"
"""Kind of the failure."""

_BEGUN, _OVERRUNS, _CAUSE = "begun", "overruns", "cause"
_DIED = "the worker died each time it worked on this"
_ASK_AGAIN_S = 1.0
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Beginning:
    """One more time that somebody begins an attempt."""

    number: int
    """More than 1 where a worker was lost with it, or ended because of it."""
    quarantined: Failure | None = None
    """Why it must not be begun again."""


class BegunWork:
    """What is being worked on, by whom, and how often it was tried; shared by all workers."""

    def __init__(self, queue_database_url: str) -> None:
        self._client = open_client(queue_database_url)

    def begin(self, workflow_id: str) -> Beginning:
        """Count one more beginning, unless there were too many. Waits while the database is away."""
        return _patiently(lambda: self._begin(workflow_id))

    def note_overrun(self, workflow_id: str, cause: str) -> None:
        """It took more than it may, and its worker is about to end because of that."""
        overruns = _count(self._notes(workflow_id), _OVERRUNS) + 1
        self._client.update_workflow_attributes(workflow_id, {_OVERRUNS: overruns, _CAUSE: cause}, merge=True)

    def pending(self) -> Mapping[str, str]:
        """Who works on what: the worker's name by workflow id."""
        return {each.workflow_id: each.executor_id or "" for each in self._begun()}

    def hand_back_of(self, name: str, *, in_order: bool) -> int:
        """Queue again what was begun under a name that nobody bears any more; how much that was.

        `in_order`: by its bearer, who ends as asked; then the beginning does not count.
        """
        begun = self._begun(name)
        for each in begun:
            if in_order:
                begins = max(0, _count(each.attributes, _BEGUN) - 1)
                self._client.update_workflow_attributes(each.workflow_id, {_BEGUN: begins}, merge=True)
        self.hand_back(each.workflow_id for each in begun)
        return len(begun)

    def hand_back(self, workflow_ids: Iterable[str]) -> None:
        """Queue again, for whoever is free; what was finished meanwhile stays finished.

        Whoever still works on it can no longer record anything: DBOS gives each claim a token of its own.
        """
        for each in workflow_ids:
            self._client.resume_workflow(each, queue_name=QUEUE)

    def close(self) -> None:
        """Let go of the connections."""
        self._client.destroy()

    def _begin(self, workflow_id: str) -> Beginning:
        notes = self._notes(workflow_id)
        begun, overruns = _count(notes, _BEGUN), _count(notes, _OVERRUNS)
        if begun >= BEGUN_AT_MOST or overruns >= OVERRUNS_AT_MOST:
            return Beginning(begun + 1, Failure(QUARANTINED, str(notes.get(_CAUSE, _DIED))))
        self._client.update_workflow_attributes(workflow_id, {_BEGUN: begun + 1}, merge=True)
        return Beginning(begun + 1)

    def _begun(self, name: str | None = None) -> list[WorkflowStatus]:
        return self._client.list_workflows(status="PENDING", executor_id=name, load_input=False, load_output=False)

    def _notes(self, workflow_id: str) -> Mapping[str, Any]:
        found = self._client.list_workflows(workflow_ids=[workflow_id], load_input=False, load_output=False)
        return (found[0].attributes or {}) if found else {}


def times_begun(attributes: Mapping[str, Any] | None) -> int:
    """How often work was begun, by what its workflow carries."""
    return _count(attributes, _BEGUN)


def _count(attributes: Mapping[str, Any] | None, name: str) -> int:
    return int((attributes or {}).get(name, 0))


def _patiently(ask: Callable[[], _T]) -> _T:
    """Nothing can be done without the queue database, so nothing is lost by waiting for it."""
    while True:
        try:
            return ask()
        except SQLAlchemyError as error:
            structlog.get_logger().warning("queue-database-away", kind=type(error).__name__)
            time.sleep(_ASK_AGAIN_S)
