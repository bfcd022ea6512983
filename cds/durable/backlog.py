"""How much of the queue waits that no clinician asked for."""

from dbos import DBOSClient
from dbos import error as dbos_error
from sqlalchemy.exc import SQLAlchemyError

from cds.durable.database import QUEUE, open_client
from cds.durable.orders import priority_at
from cds.errors import QueueUnavailable

UNFINISHED = ["ENQUEUED", "DELAYED", "PENDING"]


class DbosQueueBacklog:
    """The `QueueBacklog` on DBOS."""

    def __init__(self, queue_database_url: str) -> None:
        self._client: DBOSClient = open_client(queue_database_url)

    def waiting(self, hook: str) -> int:
        """By the priority that orders of this origin have; those put off because the archive is away count too."""
        try:
            rows = self._client.list_workflows(status=UNFINISHED, queue_name=QUEUE, load_input=False, load_output=False)
        except (SQLAlchemyError, dbos_error.DBOSException) as error:
            raise QueueUnavailable(f"the queue database cannot be used now ({type(error).__name__})") from None
        return sum(row.priority == priority_at(hook) for row in rows)

    def close(self) -> None:
        """Let go of the connections."""
        self._client.destroy()
