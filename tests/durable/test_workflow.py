"""Mirrors cds/durable/workflow.py: what is tried again, what is not, and what is told."""

import json
import sqlite3
from dataclasses import fields

import pytest
from sqlalchemy import MetaData, select
from sqlalchemy.exc import OperationalError

from cds.durable.begun_work import BegunWork
from cds.durable.operating import QueueDesk
from cds.durable.orders import attempt_id, work_id
from cds.durable.worker import Worker
from cds.errors import ArchiveTooSlow, ArchiveUnavailable, InputUnusable, SeriesUnusable
from tests.support.assessments import GENERATION, a_key, a_patient, an_order


def test_a_short_gap_of_the_archive_is_ridden_out_inside_the_step(bench):
    """The attempt goes on, and the watch hears of the failure and of the recovery."""
    bench.steps.trouble["choose"] = [ArchiveUnavailable("no answer")]
    bench.queue.submit(an_order())
    with bench.worker():
        bench.wait_for(a_patient(), "done")

    assert bench.watch.told == ["failed", "ok", "ok"]


def test_unless_told_otherwise_a_gap_of_three_seconds_is_ridden_out():
    """A second, then two; tests do not wait that long."""
    assert {each.name: each.default for each in fields(Worker)}["retry_after_s"] == 1.0


def test_a_long_gap_of_the_archive_loses_no_order_and_blocks_no_other(bench):
    """The order waits in the queue for its next attempt; another patient's is done meanwhile."""
    other = a_patient(a_key("PAT-0002"))
    bench.steps.trouble["choose"] = [ArchiveUnavailable("no answer")] * 3
    bench.queue.submit(an_order())
    with bench.worker():
        while bench.steps.lines().count("choose PAT-0001") < 3:
            bench.wait_for(a_patient(), "queued", "running")
        waiting = bench.wait_for(a_patient(), "queued")
        bench.queue.submit(an_order(other))
        bench.wait_for(other, "done")
        assert bench.queue.state(a_key()) == waiting
        assert bench.queue.submit(an_order()) == waiting
        second = attempt_id(work_id(a_key(), GENERATION), 2)
        bench.queue._client.set_workflow_delay(second, delay_seconds=0)
        bench.wait_for(a_patient(), "done")

    assert bench.steps.lines().count("publish PAT-0001") == 1


def submitted_and_put_off(bench):
    """An order as the queue shows it once its first attempt has ended without an end of the order."""
    bench.queue.submit(an_order())
    desk = QueueDesk(bench.url, bench.clock)
    with bench.worker():
        while desk.orders()[0].attempt == 1:
            bench.wait_for(a_patient(), "queued", "running")
    (order,) = desk.orders()
    desk.close()
    return order


@pytest.mark.parametrize("bench", ["sqlite"], indirect=True)
def test_an_archive_that_sends_too_slowly_makes_its_order_wait_at_once(bench):
    """Each try takes minutes: the worker is there for others meanwhile, and the cause names the archive."""
    bench.steps.trouble["measure"] = [ArchiveTooSlow("the archive pacs.test took more than 600 s to send a series")]
    order = submitted_and_put_off(bench)

    assert (order.state, order.cause) == ("waiting", "the archive pacs.test took more than 600 s to send a series")
    assert bench.steps.lines() == ["choose PAT-0001", "measure PAT-0001"]
    assert bench.watch.told == ["ok", "failed"]


@pytest.mark.parametrize("bench", ["sqlite"], indirect=True)
def test_a_series_of_no_use_is_chosen_again_and_then_fails_without_a_word_against_the_archive(bench):
    """Its damage is told in the queue, after three attempts instead of a day of them; others hear of no outage."""
    bench.steps.trouble["measure"] = [SeriesUnusable("the archive sent 11 of 12 images of a series")] * 9
    bench.queue.submit(an_order())
    with bench.worker():
        failed = bench.wait_for(a_patient(), "failed")

    assert failed.why == "the archive sent 11 of 12 images of a series"
    assert bench.steps.lines() == ["choose PAT-0001", "measure PAT-0001"] * 3
    assert "failed" not in bench.watch.told


@pytest.mark.parametrize("step", ["choose", "measure", "publish"])
def test_a_database_that_is_full_or_away_for_a_moment_fails_no_order(bench, step):
    """The step is tried again, with what SQLite says of a full disk."""
    bench.steps.trouble[step] = [OperationalError("INSERT", {}, sqlite3.OperationalError("database or disk is full"))]
    bench.queue.submit(an_order())
    with bench.worker():
        bench.wait_for(a_patient(), "done")

    assert bench.steps.lines().count(f"{step} PAT-0001") == 2


def test_a_database_that_stays_away_makes_the_order_wait_with_its_cause(bench):
    """Nobody has to ask again, and an operator sees why."""
    bench.steps.trouble["choose"] = [OperationalError("SELECT", {}, ConnectionError("secret"))] * 3
    order = submitted_and_put_off(bench)

    assert (order.state, order.cause) == ("waiting", "the application database cannot be used now: OperationalError")


def test_what_may_not_be_measured_any_more_is_done_without_a_result(bench):
    """A patient who opts out between two steps is no failure: nothing is published, nothing is tried again."""
    bench.steps.opted_out = frozenset({"PAT-0001"})
    bench.queue.submit(an_order())
    with bench.worker():
        bench.wait_for(a_patient(), "done")

    assert bench.steps.lines() == ["choose PAT-0001", "measure PAT-0001"]


def test_an_order_that_failed_for_good_is_told_once_and_one_that_waits_is_not(bench):
    """By the kind of its last error."""
    bench.steps.trouble["choose"] = [ArchiveUnavailable("no answer")] * 3
    bench.steps.trouble["publish"] = [InputUnusable("two patients in one series")]
    bench.queue.submit(an_order())
    bench.queue.submit(an_order(a_patient(a_key("PAT-0002"))))
    with bench.worker():
        bench.wait_for(a_patient(a_key("PAT-0002")), "failed")
        while "ok" not in bench.watch.told or bench.watch.told.count("failed") < 3:
            bench.wait_for(a_patient(), "queued", "running")

    assert bench.outcomes.kinds == ["InputUnusable"]
    assert bench.outcomes.lost == 0


def test_work_that_a_worker_was_lost_with_is_told_by_the_next(bench):
    """The lost one can count nothing."""
    bench.queue.submit(an_order())
    lost = BegunWork(bench.url)
    lost.begin(attempt_id(work_id(a_key(), GENERATION), 1))
    lost.close()
    with bench.worker():
        bench.wait_for(a_patient(), "done")

    assert (bench.outcomes.lost, bench.outcomes.kinds) == (1, [])


def test_an_error_on_purpose_keeps_its_sentence(bench):
    """Errors of our own tree carry no patient data, so their text is shown."""
    bench.steps.trouble["publish"] = [InputUnusable("two patients in one series")]
    bench.queue.submit(an_order())
    with bench.worker():
        failed = bench.wait_for(a_patient(), "failed")

    assert failed.why == "two patients in one series"


def test_the_queue_database_holds_plain_json_without_names_or_foreign_messages(bench, capfd):
    """Nothing is pickled, and the text of an unexpected error reaches neither database nor log."""
    bench.steps.trouble["measure"] = [KeyError("Mrs Jane Example, born 1951")]
    bench.queue.submit(an_order())
    with bench.worker():
        bench.wait_for(a_patient(), "failed")

    engine = bench.queue._client._sys_db.engine
    stored = MetaData(schema="dbos" if engine.dialect.name == "postgresql" else None)
    stored.reflect(engine)
    with engine.connect() as database:
        content = {table.name: database.execute(select(table)).all() for table in stored.sorted_tables}
    everything = str(content)
    inputs = [json.loads(row.inputs) for row in content["workflow_input"]]
    printed = "".join(capfd.readouterr())

    assert [given["args"][0]["patient_id"] for given in inputs] == ["PAT-0001"]
    assert "osteocds-json-1" in everything
    assert "Jane Example" not in everything
    assert "Jane Example" not in printed
    assert "screening-step-failed" in printed


def test_order_sign_goes_before_a_glance_at_a_chart(bench):
    """The clinician who may be waiting is served first, whoever came first."""
    for number, hook in enumerate(("patient-view", "order-select", "order-sign")):
        bench.queue.submit(an_order(a_patient(a_key(f"PAT-{number}")), hook=hook))
    with bench.worker():
        for number in range(3):
            bench.wait_for(a_patient(a_key(f"PAT-{number}")), "done")

    chosen = [line for line in bench.steps.lines() if line.startswith("choose")]
    assert chosen == ["choose PAT-2", "choose PAT-1", "choose PAT-0"]
