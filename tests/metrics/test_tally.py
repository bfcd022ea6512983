"""Mirrors cds/metrics/tally.py and cds/storage/metrics.py: what is counted anywhere is told by everybody, once."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest
from prometheus_client.parser import text_string_to_metric_families as parsed

from cds.metrics.catalogue import HOOK_CALLS, HOOK_SECONDS, IN_FLIGHT
from cds.metrics.exposition import Exposition
from cds.metrics.tally import Tally
from cds.storage.engine import open_engine
from cds.storage.metrics import SqlMetrics
from cds.storage.migrate import migrate
from tests.support.clock import SettableClock
from tests.support.databases import a_database_with


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request, tmp_path):
    """Where processes bring what they counted."""
    with a_database_with(migrate, request.param, tmp_path) as url:
        engine = open_engine(url)
        yield SqlMetrics(engine, SettableClock())
        engine.dispose()


def told(*sources):
    """Every sample as Prometheus reads it: {(name, labels): value}."""
    text = Exposition(dict(enumerate_names(sources))).text().decode()
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in parsed(text)
        for sample in family.samples
    }


def enumerate_names(sources):
    """Names for sources."""
    return ((f"source-{number}", source) for number, source in enumerate(sources))


def test_counts_of_all_processes_add_up_and_survive_them(store):
    """Two processes, several times each; a histogram cumulates and has its sum."""
    one, other = Tally(store, "one"), Tally(store, "other")
    for tally, seconds in ((one, 0.004), (other, 0.05), (one, 99.0)):
        tally.add(HOOK_CALLS, "order-sign", "200")
        tally.observe(HOOK_SECONDS, "order-sign", seconds=seconds)
        tally.bring()
    one.bring()
    values = told(store)
    service = ("service", "order-sign")

    assert values["osteocds_hook_calls_total", (service, ("status", "200"))] == 3
    assert values["osteocds_hook_seconds_bucket", (("le", "0.005"), service)] == 1
    assert values["osteocds_hook_seconds_bucket", (("le", "0.05"), service)] == 2
    assert values["osteocds_hook_seconds_bucket", (("le", "+Inf"), service)] == 3
    assert values["osteocds_hook_seconds_count", (service,)] == 3
    assert values["osteocds_hook_seconds_sum", (service,)] == pytest.approx(99.054)


def test_processes_that_bring_at_once_lose_nothing(store):
    """Eight at the same time, the same rows."""
    tallies = [Tally(store, str(number)) for number in range(8)]

    def count(tally):
        for _ in range(5):
            tally.add(HOOK_CALLS, "a", "200")
            tally.add(HOOK_CALLS, "b", "200")
            tally.bring()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(count, tallies))

    assert sum(store.samples().values()) == 80


def test_calls_in_flight_are_those_of_processes_that_are_there(store):
    """Added up; a process that has been silent for a minute is gone."""
    one, other = Tally(store, "one"), Tally(store, "other")
    with one.during(IN_FLIGHT), other.during(IN_FLIGHT), other.during(IN_FLIGHT):
        one.bring()
        store._clock.move_on(seconds=50)
        other.bring()
        both = told(store)["osteocds_hook_calls_in_flight", ()]
        store._clock.move_on(seconds=50)
        left = told(store)["osteocds_hook_calls_in_flight", ()]

    assert (both, left) == (3, 2)


@dataclass
class BrokenStore:
    """Fails at first."""

    failures: int = 1
    kept: dict = field(default_factory=dict)

    def add(self, counts, states, process):
        """Raise, or keep."""
        del states, process
        if self.failures:
            self.failures -= 1
            raise OSError
        self.kept |= counts

    def samples(self):
        """Cannot be read."""
        raise OSError


def test_what_could_not_be_brought_is_brought_later():
    """With what came in between."""
    store = BrokenStore()
    tally = Tally(store, "one")
    tally.add(HOOK_CALLS, "a", "200")
    with pytest.raises(OSError):  # noqa: PT011 - the store's own
        tally.bring()
    tally.add(HOOK_CALLS, "a", "200")
    tally.bring()

    assert list(store.kept.values()) == [2.0]


def test_a_source_that_cannot_be_read_is_named_and_hides_no_other(store):
    """Prometheus sees which numbers are missing."""
    Tally(store, "one").bring()
    values = told(BrokenStore(), store)

    assert values["osteocds_metrics_source_up", (("source", "source-0"),)] == 0
    assert values["osteocds_metrics_source_up", (("source", "source-1"),)] == 1
