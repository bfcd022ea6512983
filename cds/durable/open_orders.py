"""Which orders are open: of each the newest attempt alone, but for failures that an operator has dropped."""

from collections.abc import Iterator, Sequence
from typing import Final

from dbos import DBOSClient, WorkflowStatus

from cds.durable.orders import next_attempt_id

FAILED: Final = ("ERROR", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")
"""As DBOS calls an attempt that failed; more follow where an order waits for archive or database."""
DROPPED: Final = "dropped"
"""Attribute of a failure that an operator does not want to see any more."""
_ASKED_AT_ONCE = 500


def open_orders(client: DBOSClient, rows: Sequence[WorkflowStatus]) -> Iterator[WorkflowStatus]:
    """Those of `rows` that are: attempts which wait, run or failed."""
    failed = [row for row in rows if row.status in FAILED]
    followed = _that_exist(client, [next_attempt_id(row.workflow_id) for row in failed])
    # An attempt queues the next one before it ends: until then the order runs.
    not_yet = {next_attempt_id(row.workflow_id) for row in rows if row.status == "PENDING"}
    for row in rows:
        if not (was_dropped(row) or row.workflow_id in not_yet or next_attempt_id(row.workflow_id) in followed):
            yield row


def was_dropped(row: WorkflowStatus) -> bool:
    """Whether an operator does not want to see this failure any more."""
    return bool((row.attributes or {}).get(DROPPED))


def _that_exist(client: DBOSClient, ids: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for start in range(0, len(ids), _ASKED_AT_ONCE):
        some = list(ids[start : start + _ASKED_AT_ONCE])
        rows = client.list_workflows(workflow_ids=some, load_input=False, load_output=False)
        found |= {row.workflow_id for row in rows}
    return found
