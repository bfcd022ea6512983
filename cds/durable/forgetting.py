"""Everything that the queue knows of one patient, and its end."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from dbos import DBOSClient, WorkflowStatus
from dbos import error as dbos_error
from sqlalchemy.exc import SQLAlchemyError

from cds.ct.patient import IdentifierRefused, PatientKey
from cds.durable.database import QUEUE, open_client, shrink
from cds.durable.orders import order_from_json
from cds.errors import OsteocdsError, QueueUnavailable

_AT_ONCE = 500
_BEGINNING = datetime.fromtimestamp(0, UTC).isoformat()


class StillMeasured(OsteocdsError):
    """A worker has the patient's CT in hand: what is deleted now would come back."""


class QueueForgetting:
    """For an operator's command; looks at every order, whichever model it was for."""

    def __init__(self, queue_database_url: str) -> None:
        self._url = queue_database_url
        self._client: DBOSClient = open_client(queue_database_url)

    def plan(self, patient: PatientKey) -> int:
        """How many orders there are."""
        return len(self._of(patient))

    def forget(self, patient: PatientKey) -> int:
        """Raises `StillMeasured`; nothing is deleted then."""
        mine = self._of(patient)
        ids = [each.workflow_id for each in mine]
        try:
            self._client.cancel_workflows([each.workflow_id for each in mine if each.status in ("ENQUEUED", "DELAYED")])
            if any(
                each.status == "PENDING" for each in self._client.list_workflows(workflow_ids=ids, status="PENDING")
            ):
                raise StillMeasured("a worker is measuring a CT of this patient: try again in a minute")
            for start in range(0, len(ids), _AT_ONCE):
                self._client.delete_workflows(ids[start : start + _AT_ONCE])
        except (SQLAlchemyError, dbos_error.DBOSException) as error:
            raise _unavailable(error) from None
        return len(ids)

    def scrub(self) -> None:
        """Write the file of an SQLite queue anew, without what was deleted."""
        shrink(self._url)

    def close(self) -> None:
        """Let go of the connections."""
        self._client.destroy()

    def _of(self, patient: PatientKey) -> Sequence[WorkflowStatus]:
        try:
            return [each for each in self._every() if _is_of(each, patient)]
        except (SQLAlchemyError, dbos_error.DBOSException) as error:
            raise _unavailable(error) from None

    def _every(self) -> Iterator[WorkflowStatus]:
        """By the time when they were queued: an offset would cost more with every page."""
        since, limit = _BEGINNING, _AT_ONCE
        seen: set[str] = set()
        while True:
            page = self._client.list_workflows(queue_name=QUEUE, start_time=since, limit=limit, load_output=False)
            fresh = [each for each in page if each.workflow_id not in seen]
            yield from fresh
            if len(page) < limit:
                return
            if not fresh:  # more of one millisecond than were asked for
                limit *= 2
                continue
            limit, seen = _AT_ONCE, {each.workflow_id for each in page}
            # DBOS cuts to whole milliseconds: half of one more, or rounding would go back before the last row.
            since = datetime.fromtimestamp(((page[-1].created_at or 0) + 0.5) / 1000, UTC).isoformat()


def _is_of(work: WorkflowStatus, patient: PatientKey) -> bool:
    """By the order that it was queued with."""
    try:
        key = order_from_json((work.input or {"args": ()})["args"][0]).patient.key
    except (KeyError, IndexError, TypeError, IdentifierRefused):
        return False
    return _plain(key) == _plain(patient)


def _plain(key: PatientKey) -> tuple[str, str, str]:
    return key.tenant, key.patient_id.strip(), (key.issuer or "").strip()


def _unavailable(error: Exception) -> QueueUnavailable:
    return QueueUnavailable(f"the queue database cannot be used now ({type(error).__name__})")
