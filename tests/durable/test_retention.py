"""Mirrors cds/durable/retention.py: what leaves the queue database when, and what stays whole."""

import pytest

from cds.durable.database import open_client
from cds.durable.operating import QueueDesk
from cds.durable.retention import QueueRetention
from tests.support.assessments import a_key, a_patient, an_order


@pytest.fixture
def purge(bench):
    """A worker's errand, made anew each time: finished orders stay 30 days, failed ones 100."""
    made = []

    def purge(rounds=1, **days):
        kept = {"finished_days": 30, "failed_days": 100} | days
        made.append(QueueRetention(bench.url, bench.clock, **kept))
        for _ in range(rounds):
            made[-1].purge()

    yield purge
    for each in made:
        each._client.destroy()


@pytest.fixture
def left(bench):
    """Ids of everything in the queue database, and the tables that hang on them."""
    client = open_client(bench.url)

    def left():
        return sorted(each.workflow_id.partition(".")[2] for each in client.list_workflows())

    yield left
    client.destroy()


def order(bench, *states, patient=None):
    """One order for a patient, until it stands so."""
    bench.queue.submit(an_order(patient or a_patient()))
    with bench.worker():
        bench.wait_for(patient or a_patient(), *states)


def test_an_order_that_succeeded_goes_after_its_time(bench, purge, left):
    """Not before; and an order after that begins anew."""
    order(bench, "done")
    bench.clock.move_on(days=29)
    purge()
    assert left() == ["1"]
    bench.clock.move_on(days=2)
    purge()

    assert left() == []
    assert bench.queue.state(a_key()).state == "none"
    assert bench.queue.submit(an_order()).state == "queued"


def test_all_attempts_go_together_by_the_newest(bench, purge, left):
    """Two of a month ago, one of today: whoever looks for attempts finds no gap."""
    for _ in range(2):
        order(bench, "done")
        bench.clock.move_on(days=31)
    bench.queue.submit(an_order())
    purge()

    assert left() == ["1", "2", "3"]
    assert bench.queue.state(a_key()).state == "queued"


def test_what_failed_stays_longer_unless_it_is_dropped(bench, purge, left):
    """An operator may still ask why; after that it goes too."""
    bench.steps.trouble["measure"] = [ValueError("broken")] * 2
    other = a_patient(a_key("OTHER"))
    order(bench, "failed")
    order(bench, "failed", patient=other)
    desk = QueueDesk(bench.url, bench.clock)
    (dropped, kept) = desk.orders()
    desk.drop(dropped.work_id)
    bench.clock.move_on(days=31)
    purge()
    assert [each.work_id for each in desk.orders()] == [kept.work_id]
    desk.close()
    assert left() == ["1"]
    bench.clock.move_on(days=70)
    purge()

    assert left() == []


def test_what_waits_stays_however_long(bench, purge, left):
    """No order is lost by tidying up."""
    bench.queue.submit(an_order())
    bench.clock.move_on(days=1000)
    purge()

    assert left() == ["1"]


def test_a_large_queue_goes_little_by_little(bench, purge, left, monkeypatch):
    """Pages of two; those that stay do not hold up those behind them."""
    monkeypatch.setattr("cds.durable.retention._AT_ONCE", 2)
    patients = [a_patient(a_key(f"PAT-{number}")) for number in range(7)]
    bench.steps.trouble["measure"] = [ValueError("broken")] * 3
    for patient in patients:
        bench.queue.submit(an_order(patient))
    with bench.worker():
        for patient in patients:
            bench.wait_for(patient, "done", "failed")
    bench.clock.move_on(days=31)
    purge(rounds=6)

    assert len(left()) == 3


def test_without_a_limit_everything_stays(bench, purge, left):
    """A site may keep its queue for ever."""
    order(bench, "done")
    bench.clock.move_on(days=10_000)
    purge(finished_days=None, failed_days=None)

    assert left() == ["1"]
