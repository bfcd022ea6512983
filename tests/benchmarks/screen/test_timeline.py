"""Rates and means count what they say they count."""

import pytest

from tests.benchmarks.screen.timeline import Passage, per_hour, seconds_of


def a_passage(worker: str, done_at: float, measure_s: float = 1.0) -> Passage:
    """A study that was done at this second."""
    return Passage("patient", worker, queued_at=done_at - 5.0, done_at=done_at, seconds={"measure": measure_s})


def test_studies_an_hour_begin_when_every_worker_is_warm():
    """The slow first study of each worker, and what was done before the last of these, does not count."""
    found = [
        a_passage("one", 10),
        a_passage("one", 12),
        a_passage("two", 20),
        a_passage("one", 22),
        a_passage("two", 24),
    ]
    assert per_hour(found) == pytest.approx(2 / 4 * 3600)


def test_one_worker_at_a_steady_pace():
    """A study every three seconds is 1,200 an hour."""
    assert per_hour([a_passage("one", 100 + 3 * number) for number in range(5)]) == pytest.approx(1200)


def test_latency_and_means():
    """From the order to the result; the mean of each part."""
    assert a_passage("one", 30).latency_s == 5
    assert seconds_of([a_passage("one", 1, 2.0), a_passage("one", 2, 4.0)]) == {"measure": 3.0}
