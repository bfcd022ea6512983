"""Mirrors cds/storage/reviews.py."""

from dataclasses import replace

import pytest

from cds.ports import NothingFound, Review
from cds.storage.assessments import REJECTED, SqlAssessmentStore
from cds.storage.reviews import SqlReviews
from tests.support.assessments import MEASURED_AT, a_key, a_result

ACCEPTED = Review("Dr. Ada Reader", "accepted", MEASURED_AT)
REFUSED = Review("Dr. Ada Reader", "rejected", MEASURED_AT, reason="Wrong level.")
RESULT = a_result()


@pytest.fixture
def store(engine, clock):
    """One result, not read yet."""
    store = SqlAssessmentStore(engine, clock)
    store.keep(RESULT, b'{"id":"preliminary"}')
    return store


def test_an_accepted_result_is_read_with_its_review_and_rendering(engine, store):
    """By id and by patient; the last review holds."""
    reviews = SqlReviews(engine)
    second = replace(ACCEPTED, reader="Dr. Bo Second", number=2)

    assert reviews.keep(RESULT.result_id, ACCEPTED, b'{"id":"final"}')
    assert store.read(RESULT.result_id) == replace(RESULT, review=ACCEPTED)
    assert reviews.keep(RESULT.result_id, second, b'{"id":"final again"}')

    assert store.read(RESULT.result_id) == store.latest(a_key()) == replace(RESULT, review=second)
    assert store.bundle(RESULT.result_id) == b'{"id":"final again"}'


def test_of_two_reviews_at_once_one_counts(engine, store):
    """The other is told, and its rendering is not kept."""
    reviews = SqlReviews(engine)
    reviews.keep(RESULT.result_id, ACCEPTED, b'{"id":"final"}')

    assert not reviews.keep(RESULT.result_id, REFUSED, b'{"id":"rejected"}')
    assert store.bundle(RESULT.result_id) == b'{"id":"final"}'


def test_a_rejected_result_is_shown_nowhere_and_never_comes_back(engine, store):
    """Measuring it again gives the same wrong value; nothing is known of the patient instead."""
    SqlReviews(engine).keep(RESULT.result_id, REFUSED, b'{"id":"rejected"}')

    assert store.read(RESULT.result_id) is store.latest(a_key()) is store.bundle(RESULT.result_id) is None
    store.keep(RESULT, b'{"id":"preliminary"}')

    assert store.read(RESULT.result_id) is None
    assert store.latest(a_key()) == NothingFound(RESULT.measured_at, (REJECTED,))


def test_a_withdrawn_result_cannot_be_reviewed(engine, store):
    """Nor one that never was."""
    store.withdraw(RESULT.result_id, "the study is gone")

    assert not SqlReviews(engine).keep(RESULT.result_id, ACCEPTED, b'{"id":"final"}')
    assert not SqlReviews(engine).keep("no-such-result", ACCEPTED, b'{"id":"final"}')
