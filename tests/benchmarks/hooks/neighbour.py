"""What happens beside the calls: the worker measures the sample CT, again and again.

Each order is of another tenant, so that none of them finds the result of another.
"""

import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from cds.cli.demo_order import PATIENT_ID
from cds.ct.patient import PatientIdentity, PatientKey
from cds.durable.database import open_client
from cds.durable.queue import DbosScreeningQueue
from cds.inference.generation import current_generation
from cds.order import ImagingOrder
from cds.wiring.clock import SystemClock
from tests.benchmarks.hooks.site import Site

_ORDERS = 150
"""More than can be measured meanwhile."""
_LAST_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True)
class Neighbour:
    """The orders that keep the worker busy."""

    queue: DbosScreeningQueue
    patients: Sequence[PatientKey]

    def measured(self) -> int:
        """How many are done; the worker takes them in turn."""
        done = 0
        for patient in self.patients:
            if self.queue.state(patient).state != "done":
                return done
            done += 1
        return done


@contextmanager
def a_busy_worker(site: Site) -> Iterator[Neighbour]:
    """Orders for a long time; at the end what was not begun is cancelled, and what was begun is finished."""
    queue = DbosScreeningQueue(site.queue_database_url, current_generation(None).name, SystemClock())
    patients = [PatientKey(f"tenant-{uuid.uuid4().hex[:12]}", PATIENT_ID) for _ in range(_ORDERS)]
    try:
        for patient in patients:
            queue.submit(ImagingOrder(PatientIdentity(patient), datetime.now(UTC), "order-sign"))
        yield Neighbour(queue, patients)
    finally:
        queue.close()
        _let_it_rest(site.queue_database_url)


def _let_it_rest(queue_database_url: str) -> None:
    """A service that is stopped in the middle of a measurement waits for it, and then for its database."""
    client = open_client(queue_database_url)
    for each in client.list_workflows(status="ENQUEUED", load_input=False):
        client.cancel_workflow(each.workflow_id)
    give_up_at = time.monotonic() + _LAST_WITHIN_S
    while client.list_workflows(status="PENDING", load_input=False) and time.monotonic() < give_up_at:
        time.sleep(0.2)
    client.destroy()
