"""Mirrors cds/durable/forgetting.py."""

import threading
from pathlib import Path

import pytest
from sqlalchemy import make_url

from cds.durable.database import open_client
from cds.durable.forgetting import QueueForgetting, StillMeasured
from cds.durable.queue import DbosScreeningQueue
from tests.support.assessments import a_key, a_patient, an_order


@pytest.fixture
def forgetting(bench):
    """Of the same queue."""
    forgetting = QueueForgetting(bench.url)
    yield forgetting
    forgetting.close()


def left(url):
    """Ids and inputs of all that is left."""
    client = open_client(url)
    try:
        return str([(each.workflow_id, each.input) for each in client.list_workflows()])
    finally:
        client.destroy()


def test_orders_of_the_patient_go_whichever_model_they_were_for(bench, forgetting):
    """Done, waiting, of an older generation; those of others stay. The file of the database has no trace."""
    older = DbosScreeningQueue(bench.url, "older", bench.clock)
    bench.queue.submit(an_order())
    bench.queue.submit(an_order(a_patient(a_key("OTHER"))))
    with bench.worker():
        bench.wait_for(a_patient(a_key("OTHER")), "done")
        bench.wait_for(a_patient(), "done")
    older.submit(an_order())
    older.close()

    assert forgetting.plan(a_key()) == 2
    assert forgetting.forget(a_key()) == 2
    forgetting.scrub()
    assert "PAT-0001" not in left(bench.url)
    assert "OTHER" in left(bench.url)
    if make_url(bench.url).get_backend_name() == "sqlite":
        file = Path(make_url(bench.url).database)
        assert not [each for each in file.parent.glob(f"{file.name}*") if b"PAT-0001" in each.read_bytes()]


def test_orders_are_found_among_any_number_of_others(bench, forgetting, monkeypatch):
    """Pages of two, over orders that were queued in the same instant and later."""
    monkeypatch.setattr("cds.durable.forgetting._AT_ONCE", 2)
    for number in range(7):
        bench.queue.submit(an_order(a_patient(a_key(f"OTHER-{number}"))))
    bench.queue.submit(an_order())
    ids = [each.workflow_id for each in forgetting._every()]

    assert len(ids) == len(set(ids)) == 8
    assert forgetting.plan(a_key()) == 1


def test_the_key_decides_as_a_whole(bench, forgetting):
    """Another issuer is another patient."""
    bench.queue.submit(an_order())

    assert forgetting.plan(a_key(issuer=None)) == forgetting.plan(a_key(issuer="ELSEWHERE")) == 0


def test_what_is_being_measured_is_not_deleted_under_the_worker(bench, forgetting):
    """Else its result would come after the patient was forgotten."""
    bench.steps.measure_waits_for = threading.Event()
    bench.queue.submit(an_order())
    with bench.worker():
        bench.wait_for(a_patient(), "running")
        with pytest.raises(StillMeasured):
            forgetting.forget(a_key())
        bench.steps.measure_waits_for.set()
        bench.wait_for(a_patient(), "done")

    assert forgetting.forget(a_key()) == 1
