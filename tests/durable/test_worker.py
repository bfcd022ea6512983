"""Mirrors cds/durable/worker.py: starting, stopping, and what is left behind."""

import threading

from tests.support.assessments import a_key, a_patient, an_order


def test_a_worker_beats_while_it_works_and_says_goodbye(bench):
    """The web process learns at once that a worker came, and that it went."""
    with bench.worker():
        bench.queue.submit(an_order())
        bench.wait_for(a_patient(), "done")

    assert bench.heartbeats.left == [bench.heartbeats.beats_so_far[0]]


def test_a_worker_told_to_stop_finishes_what_it_runs_and_takes_nothing_new(bench):
    """The running screening is published; the one behind it stays in the queue."""
    bench.steps.measure_waits_for = threading.Event()
    waiting = a_patient(a_key("PAT-0002"))
    bench.queue.submit(an_order())
    with bench.worker() as stop:
        bench.wait_for(a_patient(), "running")
        bench.queue.submit(an_order(waiting))
        stop.set()
        bench.steps.measure_waits_for.set()

    assert bench.queue.state(a_key()).state == "done"
    assert bench.queue.state(waiting.key).state == "queued"


def test_what_cannot_be_finished_in_time_is_back_in_the_queue(bench):
    """Another worker finds it queued; the stopped one cannot publish it any more."""
    bench.steps.measure_waits_for = threading.Event()
    bench.queue.submit(an_order())
    with bench.worker(finish_within_s=1) as stop:
        bench.wait_for(a_patient(), "running")
        stop.set()
    handed_back = bench.queue.state(a_key()).state

    bench.steps.measure_waits_for.set()
    with bench.worker():
        bench.wait_for(a_patient(), "done")

    assert handed_back == "queued"
    assert bench.steps.lines().count("choose PAT-0001") == 1
    assert bench.steps.lines().count("publish PAT-0001") == 1


def test_one_screening_at_a_time(bench):
    """A worker measures one CT at a time: its memory and its cores are sized for one."""
    bench.steps.measure_waits_for = threading.Event()
    first, second = a_patient(a_key("PAT-1")), a_patient(a_key("PAT-2"))
    bench.queue.submit(an_order(first))
    bench.queue.submit(an_order(second))
    with bench.worker():
        bench.wait_for(first, "running")
        state_behind = bench.queue.state(second.key).state
        bench.steps.measure_waits_for.set()
        bench.wait_for(second, "done")

    assert state_behind == "queued"


def test_errands_are_run_beside_the_queue(bench):
    """While a screening takes its time, the worker does what else there is to do."""
    bench.steps.measure_waits_for, ran = threading.Event(), threading.Event()
    bench.queue.submit(an_order())
    with bench.worker(errands=(ran.set,)):
        bench.wait_for(a_patient(), "running")
        assert ran.wait(5)
        bench.steps.measure_waits_for.set()
        bench.wait_for(a_patient(), "done")
