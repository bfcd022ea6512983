"""Mirrors cds/durable/operating.py: what an operator sees and can do."""

import threading
from datetime import timedelta

import pytest

from cds.durable.database import QUEUE, WORKFLOW, open_client
from cds.durable.operating import QueueDesk
from cds.durable.orders import attempt_id
from cds.errors import ArchiveUnavailable, InputUnusable, QueueUnavailable
from tests.support.assessments import a_key, a_patient, an_order
from tests.support.clock import SettableClock


@pytest.fixture
def desk(bench):
    """An operator at the same queue."""
    desk = QueueDesk(bench.url, bench.clock)
    yield desk
    desk.close()


def failed_once(bench):
    """The queue after one order failed."""
    bench.steps.trouble["measure"] = [ValueError("the patient's name is in here")]
    bench.queue.submit(an_order())
    with bench.worker():
        bench.wait_for(a_patient(), "failed")


def test_what_waits_is_listed_without_anything_about_the_patient(bench, desk):
    """An id, since when, how often it was begun."""
    bench.queue.submit(an_order())
    bench.clock.move_on(minutes=5)
    (order,) = desk.orders()

    assert (order.state, order.attempt, order.times_begun, order.cause) == ("waiting", 1, 0, None)
    assert order.age >= timedelta(minutes=4)
    assert "PAT-0001" not in str(order)


def test_what_failed_is_listed_with_its_cause_and_what_is_done_is_not(bench, desk):
    """Until somebody asks again and it succeeds."""
    failed_once(bench)
    (order,) = desk.orders()

    assert (order.state, order.times_begun) == ("failed", 1)
    assert order.cause == "an unexpected error of the program (ValueError)"
    desk.retry(order.work_id)
    with bench.worker():
        bench.wait_for(a_patient(), "done")
    assert desk.orders() == ()


def test_what_waits_for_the_archive_says_so_and_is_taken_at_once_when_told(bench, desk):
    """The cause is that of the attempt before."""
    bench.steps.trouble["choose"] = [ArchiveUnavailable("the archive does not answer")] * 3
    bench.queue.submit(an_order())
    with bench.worker():
        while not (orders := desk.orders()) or orders[0].attempt == 1:
            bench.wait_for(a_patient(), "queued", "running")
        assert (orders[0].state, orders[0].cause) == ("waiting", "the archive does not answer")
        assert orders[0].not_before is not None
        desk.retry(orders[0].work_id)
        bench.wait_for(a_patient(), "done")

    assert bench.steps.lines().count("publish PAT-0001") == 1


def test_an_order_is_one_line_while_one_attempt_hands_over_to_the_next(bench, desk):
    """It has queued the next one and not ended yet: the order runs."""
    bench.steps.measure_waits_for = threading.Event()
    bench.queue.submit(an_order())
    with bench.worker():
        bench.wait_for(a_patient(), "running")
        (order,) = desk.orders()
        client = open_client(bench.url)
        following = attempt_id(order.work_id, 2)
        client.enqueue(
            {"queue_name": QUEUE, "workflow_name": WORKFLOW, "workflow_id": following, "delay_seconds": 60.0}, {}, 1
        )
        client.destroy()
        assert [(each.attempt, each.state) for each in desk.orders()] == [(1, "running")]
        bench.steps.measure_waits_for.set()
        while (states := [(each.attempt, each.state) for each in desk.orders()]) == [(1, "running")]:
            bench.wait_for(a_patient(), "queued", "running", "done")
    assert states == [(2, "waiting")]


def test_what_waits_in_turn_or_runs_is_not_tried_again(bench, desk):
    """It is on its way already."""
    bench.queue.submit(an_order())

    with pytest.raises(InputUnusable, match="waits already"):
        desk.retry(desk.orders()[0].work_id)


def test_a_dropped_order_is_not_run_and_not_asked_for_again_for_a_day(bench, desk):
    """The next hook is told; a day later an order counts again."""
    other = a_patient(a_key("PAT-0002"))
    bench.queue.submit(an_order())
    desk.drop(desk.orders()[0].work_id)
    told = bench.queue.submit(an_order())
    bench.queue.submit(an_order(other))
    with bench.worker():
        bench.wait_for(other, "done")
    bench.clock.move_on(hours=25)

    assert told.why == "dropped by an operator"
    assert desk.orders() == ()
    assert not any("PAT-0001" in line for line in bench.steps.lines())
    assert bench.queue.submit(an_order()).state == "queued"


def test_a_dropped_failure_is_listed_no_more(bench, desk):
    """It stays in the database."""
    failed_once(bench)
    desk.drop(desk.orders()[0].work_id)

    assert desk.orders() == ()
    assert bench.queue.state(a_key()).state == "failed"


@pytest.mark.parametrize("named", ["", "screen-", "screen-0000000000", "PAT-0001"])
def test_an_order_must_be_named_unmistakably(bench, desk, named):
    """Nothing happens to an order that was not meant."""
    bench.queue.submit(an_order())

    with pytest.raises(InputUnusable, match="osteocds queue list"):
        desk.drop(named)


def test_the_beginning_of_an_id_is_enough_where_only_one_order_has_it(bench, desk):
    """Such as the table prints."""
    bench.queue.submit(an_order())
    whole = desk.orders()[0].work_id

    assert desk.drop(whole[:19]).startswith(whole)


def test_a_queue_that_was_never_prepared_says_so(tmp_path):
    """With what to look at."""
    desk = QueueDesk(f"sqlite:///{tmp_path / 'none.db'}", SettableClock())
    with pytest.raises(QueueUnavailable, match="OSTEOCDS_QUEUE_DATABASE_URL"):
        desk.orders()
    desk.close()
