"""Mirrors cds/durable/queue.py: states, attempts, and how long to wait between them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from cds.durable.backlog import DbosQueueBacklog
from cds.durable.queue import DbosScreeningQueue, Patience
from cds.errors import QueueUnavailable, StudyVanished
from tests.support.assessments import GENERATION, a_key, a_patient, an_order
from tests.support.clock import SettableClock


def test_a_patient_nobody_asked_about_has_no_state(bench):
    """Asking for the state queues nothing."""
    assert bench.queue.state(a_key()).state == "none"


def test_an_order_goes_through_queued_to_done(bench):
    """The state follows the work, and each step runs once."""
    assert bench.queue.submit(an_order()).state == "queued"
    assert bench.queue.state(a_key()).state == "queued"

    with bench.worker():
        done = bench.wait_for(a_patient(), "done")

    assert done.since is not None
    assert bench.steps.lines() == ["choose PAT-0001", "measure PAT-0001", "publish PAT-0001"]


def test_many_hooks_for_one_patient_make_one_run(bench):
    """Hooks that arrive together, and hooks while the work waits, add nothing."""
    with ThreadPoolExecutor(8) as pool:
        states = list(pool.map(bench.queue.submit, [an_order()] * 16))
    with bench.worker():
        bench.wait_for(a_patient(), "done")

    assert {state.state for state in states} == {"queued"}
    assert bench.steps.lines().count("measure PAT-0001") == 1


def test_the_same_identifier_under_another_issuer_or_tenant_is_another_order(bench):
    """Work is never shared between patients."""
    bench.queue.submit(an_order())

    assert bench.queue.state(a_key(issuer="ELSEWHERE")).state == "none"
    assert bench.queue.state(a_key(issuer=None)).state == "none"
    assert bench.queue.state(a_key(tenant="other")).state == "none"


def test_another_generation_is_measured_again(bench):
    """A new model or calibration does not find the old one's work done."""
    bench.queue.submit(an_order())
    newer = DbosScreeningQueue(bench.url, "newer", bench.clock)

    state = newer.state(a_key())
    newer.close()

    assert state.state == "none"


def test_nothing_to_measure_is_done_too(bench):
    """A patient without usable CT ends after the first step, not in an error."""
    bench.steps.nothing_for = frozenset({"PAT-0001"})
    bench.queue.submit(an_order())
    with bench.worker():
        bench.wait_for(a_patient(), "done")

    assert bench.steps.lines() == ["choose PAT-0001"]


def test_done_is_queued_again_when_asked_later(bench):
    """Just after a success nothing is repeated; later, asking again looks again."""
    bench.queue.submit(an_order())
    with bench.worker():
        bench.wait_for(a_patient(), "done")

    assert bench.queue.submit(an_order()).state == "done"
    bench.clock.move_on(minutes=1)
    assert bench.queue.submit(an_order()).state == "queued"


def test_a_failure_is_shown_with_its_cause_and_not_repeated_on_every_hook(bench):
    """Until the wait is over each hook is told why; then the next attempt runs."""
    bench.steps.trouble["measure"] = [ValueError("the patient's name is in here")]
    bench.queue.submit(an_order())
    with bench.worker():
        failed = bench.wait_for(a_patient(), "failed")
        again = bench.queue.submit(an_order())
        bench.clock.move_on(minutes=3)  # from when the test began
        bench.queue.submit(an_order())
        bench.wait_for(a_patient(), "done")

    assert failed.why == "an unexpected error of the program (ValueError)"
    assert again == failed
    assert bench.steps.lines().count("measure PAT-0001") == 2


def test_a_clock_that_was_ahead_holds_no_order_up(bench):
    """A failure that seems to lie in the future is no reason to wait for it."""
    bench.steps.trouble["measure"] = [ValueError("once")]
    bench.queue.submit(an_order())
    with bench.worker():
        bench.wait_for(a_patient(), "failed")
    bench.clock.move_on(days=-30)

    assert bench.queue.submit(an_order()).state == "queued"


def test_the_wait_doubles_with_failures_in_a_row():
    """One minute, two, four, up to a day; a success in between starts over."""
    patience = Patience()

    assert [patience.after(n) for n in (1, 2, 3)] == [timedelta(minutes=m) for m in (1, 2, 4)]
    assert patience.after(500) == timedelta(hours=24)
    assert patience.after(0) < timedelta(seconds=5)


def test_more_attempts_than_one_question_asks_for(bench):
    """The newest attempt is found among any number of them."""
    for attempt in range(40):
        bench.queue.submit(an_order())
        newest = bench.queue._client.list_workflows(sort_desc=True, limit=1)[0]
        assert newest.workflow_id.endswith(f".{attempt + 1}")
        bench.queue._client.cancel_workflow(newest.workflow_id)
        bench.clock.move_on(hours=25)

    assert bench.queue.state(a_key()).why == "dropped by an operator"


def test_a_vanished_study_is_chosen_again_without_anyone_asking(bench):
    """The next attempt follows by itself and succeeds."""
    bench.steps.trouble["measure"] = [StudyVanished("the study is gone")]
    bench.queue.submit(an_order())
    with bench.worker():
        bench.wait_for(a_patient(), "done")

    assert bench.steps.lines().count("choose PAT-0001") == 2
    assert bench.steps.lines().count("publish PAT-0001") == 1


def test_a_queue_that_was_never_prepared_says_so(tmp_path):
    """A database without tables is an error with a name, and its text quotes nothing."""
    queue = DbosScreeningQueue(f"sqlite:///{tmp_path / 'queue.db'}", GENERATION, SettableClock())

    with pytest.raises(QueueUnavailable) as refused:
        queue.submit(an_order())
    queue.close()

    assert "PAT-0001" not in str(refused.value)


def test_what_no_clinician_asked_for_goes_last_and_comes_forward_when_one_asks(bench):
    """Three patients of a sweep wait; a hook for the third, and one for a fourth, go before them."""
    for number in (1, 2, 3):
        bench.queue.submit(an_order(a_patient(a_key(f"SWEPT-{number}")), hook="archive-sweep"))
    bench.queue.submit(an_order(a_patient(a_key("SWEPT-3"))))
    bench.queue.submit(an_order(a_patient(a_key("ASKED"))))
    with bench.worker():
        bench.wait_for(a_patient(a_key("SWEPT-2")), "done")

    chosen = [line.split()[1] for line in bench.steps.lines() if line.startswith("choose")]
    assert chosen == ["SWEPT-3", "ASKED", "SWEPT-1", "SWEPT-2"]


def test_a_sweep_changes_nothing_of_what_clinicians_wait_for(bench):
    """A patient who is queued by a hook is not queued again, and not put back."""
    bench.queue.submit(an_order())

    assert bench.queue.submit(an_order(hook="archive-sweep")).state == "queued"
    (waiting,) = bench.queue._client.list_workflows()
    assert waiting.priority == 1


def test_the_backlog_counts_its_own_kind_alone(bench):
    """Orders of hooks are no reason for a sweep to wait, nor are finished ones."""
    backlog = DbosQueueBacklog(bench.url)
    bench.queue.submit(an_order(a_patient(a_key("ASKED"))))
    for number in (1, 2):
        bench.queue.submit(an_order(a_patient(a_key(f"SWEPT-{number}")), hook="archive-sweep"))
    waiting = backlog.waiting("archive-sweep")
    with bench.worker():
        bench.wait_for(a_patient(a_key("SWEPT-2")), "done")
    left = backlog.waiting("archive-sweep")
    backlog.close()

    assert (waiting, left) == (2, 0)
