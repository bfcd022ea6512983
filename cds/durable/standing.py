"""How the queue stands, for metrics: how many orders wait, run or failed, and how old the oldest is."""

from collections import defaultdict
from collections.abc import Mapping

from dbos import DBOSClient, WorkflowStatus

from cds.durable.backlog import UNFINISHED
from cds.durable.database import QUEUE, WORKFLOW, open_client
from cds.durable.open_orders import FAILED, open_orders
from cds.durable.orders import priority_at
from cds.ports import Clock, MetricSample

_ORIGINS = {priority_at(hook): hook for hook in ("archive-watch", "archive-sweep")}
_STATES = {"ENQUEUED": "queued", "DELAYED": "put-off", "PENDING": "running", **dict.fromkeys(FAILED, "failed")}
_FAILURES_LOOKED_AT = 2_000
"""The newest: a day without archive leaves many failed attempts of orders that wait, and this is asked every minute."""


class QueueStanding:
    """A `MetricSource`; without any orders it tells zeros, so that a chart has no gaps."""

    def __init__(self, queue_database_url: str, clock: Clock) -> None:
        self._client: DBOSClient = open_client(queue_database_url)
        self._clock = clock

    def samples(self) -> Mapping[MetricSample, float]:
        """By origin and state."""
        origins = ("hook", *_ORIGINS.values())
        counts: dict[tuple[str, str], int] = {(each, state): 0 for each in origins for state in _STATES.values()}
        oldest_s: dict[str, float] = defaultdict(float)
        for row in open_orders(self._client, self._rows()):
            origin = _origin(row)
            counts[origin, _STATES[row.status]] += 1
            if row.status in ("ENQUEUED", "DELAYED"):
                oldest_s[origin] = max(oldest_s[origin], self._age_s(row))
        found = {
            MetricSample("osteocds_queue_orders", (("origin", origin), ("state", state))): float(count)
            for (origin, state), count in counts.items()
        }
        ages = {MetricSample("osteocds_queue_oldest_seconds", (("origin", each),)): oldest_s[each] for each in origins}
        return found | ages

    def close(self) -> None:
        """Let go of the connections."""
        self._client.destroy()

    def _rows(self) -> list[WorkflowStatus]:
        unfinished = self._client.list_workflows(
            status=UNFINISHED, queue_name=QUEUE, load_input=False, load_output=False
        )
        failed = self._client.list_workflows(
            name=WORKFLOW,
            status=list(FAILED),
            limit=_FAILURES_LOOKED_AT,
            sort_desc=True,
            load_input=False,
            load_output=False,
        )
        return [*unfinished, *failed]

    def _age_s(self, row: WorkflowStatus) -> float:
        return max(0.0, self._clock.now().timestamp() - (row.created_at or 0) / 1000)


def _origin(row: WorkflowStatus) -> str:
    return _ORIGINS.get(row.priority or 0, "hook")
