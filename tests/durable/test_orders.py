"""Mirrors cds/durable/orders.py."""

import json
from datetime import UTC

from hypothesis import given
from hypothesis import strategies as st

from cds.ct.patient import PatientIdentity, PatientKey
from cds.durable.orders import attempt_id, next_attempt_id, order_from_json, order_to_json, work_id
from cds.order import ImagingOrder
from tests.support.assessments import a_key

names = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="*?\\"), min_size=1, max_size=16)
keys = st.builds(PatientKey, names, names, st.none() | names)
patients = st.builds(PatientIdentity, keys, st.none() | st.dates(), st.sampled_from([None, "male", "female"]))
orders = st.builds(ImagingOrder, patients, st.datetimes(timezones=st.just(UTC)), st.sampled_from(["order-sign"]))


@given(orders)
def test_an_order_survives_the_queue(order):
    """What the web process wrote is what the worker reads."""
    assert order_from_json(json.loads(json.dumps(order_to_json(order)))) == order


@given(keys, keys, names, names)
def test_work_is_shared_only_by_the_same_patient_and_generation(one, other, generation, newer):
    """Equal ids mean equal keys: no concatenation of parts is mistaken for another."""
    same = one == other and generation == newer

    assert (work_id(one, generation) == work_id(other, newer)) == same


def test_the_id_tells_nothing_of_the_patient():
    """Ids appear in logs."""
    assert "PAT-0001" not in work_id(a_key(), "g")


def test_attempts_count_up():
    """The next id differs in its number alone."""
    assert next_attempt_id(attempt_id("screen-abc", 9)) == attempt_id("screen-abc", 10)
