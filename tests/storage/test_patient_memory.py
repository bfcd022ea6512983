"""Mirrors cds/storage/patient_memory.py."""

from datetime import date

import pytest

from cds.ports import NothingFound, Remembered
from cds.storage.assessments import SqlAssessmentStore
from cds.storage.opt_outs import SqlOptOuts
from cds.storage.patient_memory import SqlPatientMemory
from tests.support.assessments import a_key, a_patient, a_result, scanned_on

OTHERS = (
    a_key("PAT-0002"),
    a_key(issuer="CLINIC"),
    a_key(issuer=None),
    a_key(tenant="other"),
)


@pytest.fixture
def stores(engine, clock):
    """What the one question answers for."""
    return SqlAssessmentStore(engine, clock), SqlOptOuts(engine, clock)


def agrees(engine, stores):
    """The answer about each of them, once it was seen to be that of the two stores."""
    store, opt_outs = stores
    answers = {key: SqlPatientMemory(engine).of(key) for key in (a_key(), *OTHERS)}
    for key, answer in answers.items():
        assert answer == Remembered(opt_outs.has_opted_out(key), store.latest(key))
    return answers


def test_of_nobody_anything_is_known_at_first(engine, stores):
    """An empty database."""
    assert set(agrees(engine, stores).values()) == {Remembered(opted_out=False, latest=None)}


def test_it_says_what_the_stores_say_at_every_stage(engine, stores, clock):
    """Nothing found, a result, a newer scan, withdrawn, opted out: never of anybody else."""
    store, opt_outs = stores
    store.keep_nothing_found(a_key(), clock.now(), ["no-prior-ct"])
    assert agrees(engine, stores)[a_key()].latest == NothingFound(clock.now(), ("no-prior-ct",))

    first = a_result(assessment=scanned_on(date(2025, 9, 14)))
    store.keep(first, b"{}")
    assert agrees(engine, stores)[a_key()].latest == first

    newer = a_result(assessment=scanned_on(date(2025, 12, 24)), result_id="newer")
    store.keep(newer, b"{}")
    assert agrees(engine, stores)[a_key()].latest == newer

    store.withdraw("newer", "gone")
    assert agrees(engine, stores)[a_key()].latest == first

    opt_outs.add([a_key()])
    answers = agrees(engine, stores)
    assert answers[a_key()] == Remembered(opted_out=True, latest=first)
    assert answers[OTHERS[0]] == Remembered(opted_out=False, latest=None)
    assert answers[OTHERS[2]].opted_out  # an issuer that is not known may be this one


def test_results_of_others_are_not_answered(engine, stores):
    """Each key has its own."""
    store, _ = stores
    for number, key in enumerate(OTHERS):
        store.keep(a_result(a_patient(key), result_id=f"of-{number}"), b"{}")

    assert agrees(engine, stores)[a_key()].latest is None
