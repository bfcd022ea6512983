"""Mirrors cds/durable/standing.py: the numbers say what `osteocds queue list` lists."""

from collections import Counter

import pytest

from cds.durable.operating import QueueDesk
from cds.durable.orders import attempt_id, work_id
from cds.durable.standing import QueueStanding
from cds.errors import ArchiveUnavailable, InputUnusable
from cds.metrics.catalogue import QUEUE_ORDERS, QUEUE_STATES
from tests.support.assessments import GENERATION, a_key, a_patient, an_order


@pytest.fixture
def standing(bench):
    """What a web process tells of the queue."""
    standing = QueueStanding(bench.url, bench.clock)
    yield standing
    standing.close()


def orders(standing):
    """How many, by origin and state; without zeros."""
    found = {
        tuple(text for _, text in sample.labels): value
        for sample, value in standing.samples().items()
        if sample.metric == QUEUE_ORDERS.name
    }
    assert {state for _, state in found} == set(QUEUE_STATES)
    return {labels: value for labels, value in found.items() if value}


def test_what_failed_is_counted_until_it_is_dropped_or_tried_again(bench, standing):
    """Once for each order, not for each attempt; what waits for the archive has not failed."""
    failing, waiting = a_patient(a_key("PAT-0002")), a_patient(a_key("PAT-0003"))
    bench.steps.trouble["publish"] = [InputUnusable("two patients in one series")] * 2
    for patient in (a_patient(), failing):
        bench.queue.submit(an_order(patient))
    with bench.worker():
        for patient in (a_patient(), failing):
            bench.wait_for(patient, "failed")
        bench.steps.trouble["choose"] = [ArchiveUnavailable("no answer")] * 3
        bench.queue.submit(an_order(waiting))
        while orders(standing).get(("hook", "put-off")) is None:
            bench.wait_for(waiting, "queued", "running")
    desk = QueueDesk(bench.url, bench.clock)
    counted, listed = orders(standing), Counter(order.state for order in desk.orders())
    desk.drop(work_id(failing.key, GENERATION))
    without_one = orders(standing)
    desk.retry(attempt_id(work_id(a_key(), GENERATION), 1))
    desk.close()

    assert counted == {("hook", "failed"): 2, ("hook", "put-off"): 1}
    assert listed == {"failed": 2, "waiting": 1}
    assert without_one == {("hook", "failed"): 1, ("hook", "put-off"): 1}
    assert orders(standing) == {("hook", "queued"): 1, ("hook", "put-off"): 1}
