"""Mirrors cds/storage/health.py: when silence is trouble, and since when."""

from datetime import timedelta

import pytest

from cds.ports import Trouble
from cds.storage.health import SqlArchiveWatch, SqlHeartbeats, SqlServiceHealth


@pytest.fixture
def heartbeats(engine, clock):
    """The workers' side."""
    return SqlHeartbeats(engine, clock)


@pytest.fixture
def archive(engine, clock):
    """The side of the steps that talk to the archive."""
    return SqlArchiveWatch(engine, clock)


@pytest.fixture
def health(engine, clock):
    """The web process's side."""
    return SqlServiceHealth(engine, clock)


def test_workers_get_a_minute_to_appear(health, clock):
    """A service that has just started is not in trouble yet; one without workers soon is."""
    started = clock.now()
    at_first = health.trouble()
    clock.move_on(seconds=61)

    assert at_first is None
    assert health.trouble() == Trouble("workers", started)


def test_one_living_worker_is_enough(health, heartbeats, clock):
    """The other's last beat does not matter."""
    heartbeats.beat("one")
    clock.move_on(seconds=300)
    heartbeats.beat("two")

    assert health.trouble() is None


def test_workers_silent_for_over_a_minute_are_trouble_since_their_last_beat(health, heartbeats, clock):
    """Sixty seconds are a hiccup; after that it is said, with the true beginning."""
    clock.move_on(minutes=5)
    heartbeats.beat("one")
    last = clock.now()
    clock.move_on(seconds=60)
    just_before = health.trouble()
    clock.move_on(seconds=1)

    assert just_before is None
    assert health.trouble() == Trouble("workers", last)


def test_a_beat_that_is_dated_ahead_is_no_sign_of_life(health, heartbeats, clock):
    """A worker whose clock is a day ahead fell silent; and one whose clock differs a little lives."""
    clock.move_on(days=1)
    heartbeats.beat("ahead")
    clock.move_on(hours=-10)
    silent, ahead = health.trouble(), heartbeats.ahead()
    clock.move_on(seconds=50)
    heartbeats.beat("a little")
    clock.move_on(seconds=-50)

    assert silent == Trouble("workers", clock.now() - timedelta(hours=14))
    assert ahead == timedelta(hours=10)
    assert health.trouble() is None


def test_a_service_that_started_with_its_clock_ahead_does_not_wait_for_workers_until_then(engine, clock):
    """Its minute of patience is over when nobody knows when it began."""
    clock.move_on(days=300)
    health = SqlServiceHealth(engine, clock)
    clock.move_on(days=-300)

    assert health.trouble().what == "workers"


def test_an_archive_that_failed_by_a_clock_that_was_ahead_is_trouble_all_the_same(health, heartbeats, archive, clock):
    """The next failure tells since when."""
    clock.move_on(days=300)
    archive.archive_failed()
    clock.move_on(days=-300)
    archive.archive_failed()
    since = clock.now()
    clock.move_on(seconds=61)
    heartbeats.beat("one")

    assert health.trouble() == Trouble("archive", since)


def test_a_worker_that_left_is_not_waited_for(heartbeats):
    """Goodbye takes the last beat with it."""
    heartbeats.beat("one")
    heartbeats.leave("one")

    assert heartbeats.last_beat() is None


def test_an_archive_away_for_over_a_minute_is_trouble_since_the_first_failure(health, heartbeats, archive, clock):
    """Later failures do not move the beginning."""
    archive.archive_ok()
    archive.archive_failed()
    since = clock.now()
    clock.move_on(seconds=45)
    archive.archive_failed()
    heartbeats.beat("one")
    too_early = health.trouble()
    clock.move_on(seconds=20)

    assert too_early is None
    assert health.trouble() == Trouble("archive", since)


def test_one_answer_of_the_archive_ends_the_trouble(health, heartbeats, archive, clock):
    """And the next failure begins anew."""
    archive.archive_failed()
    clock.move_on(seconds=90)
    heartbeats.beat("one")
    archive.archive_ok()
    archive.archive_failed()

    assert health.trouble() is None
    assert archive.failing_since() == clock.now()


def test_the_workers_are_named_first(health, archive, clock):
    """Without workers nobody asks the archive, so its state is old news."""
    archive.archive_failed()
    clock.move_on(minutes=10)
    trouble = health.trouble()

    assert trouble is not None
    assert trouble.what == "workers"
    assert clock.now() - trouble.since == timedelta(minutes=10)
