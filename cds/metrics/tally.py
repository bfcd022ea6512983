"""What one process has counted and not yet brought to the database; a crash loses the last seconds of it."""

import threading
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from cds.metrics.catalogue import Metric
from cds.ports import MetricSample, MetricStore

SUM = "sum"
"""Value of the label `le` under which a histogram keeps the sum of its observations."""


class Tally:
    """Counts in memory; safe to use from any thread, and quick enough for every call."""

    def __init__(self, store: MetricStore, process: str) -> None:
        self._store = store
        self._process = process
        self._lock = threading.Lock()
        self._bringing = threading.Lock()
        self._counts: dict[MetricSample, float] = {}
        self._states: dict[MetricSample, float] = {}

    def add(self, metric: Metric, *labels: str, value: float = 1.0) -> None:
        """One more; labels in the order of the catalogue."""
        self._add(_sample(metric, labels), value)

    def observe(self, metric: Metric, *labels: str, seconds: float) -> None:
        """Into the bucket whose border is the first that is not below."""
        place = bisect_left(metric.buckets, seconds)
        border = str(metric.buckets[place]) if place < len(metric.buckets) else "+Inf"
        self._add(_sample(metric, labels, ("le", border)), 1.0)
        self._add(_sample(metric, labels, ("le", SUM)), seconds)

    @contextmanager
    def during(self, metric: Metric) -> Iterator[None]:
        """One more for as long as the block lasts."""
        sample = MetricSample(metric.name, ())
        with self._lock:
            self._states[sample] = self._states.get(sample, 0.0) + 1
        try:
            yield
        finally:
            with self._lock:
                self._states[sample] -= 1

    def bring(self) -> None:
        """To the database; what cannot be brought is kept for the next time, and the error raised."""
        with self._bringing:
            with self._lock:
                counts, states = self._counts, dict(self._states)
                self._counts = {}
            try:
                self._store.add(counts, states, self._process)
            except BaseException:
                for sample, value in counts.items():
                    self._add(sample, value)
                raise

    def _add(self, sample: MetricSample, value: float) -> None:
        with self._lock:
            self._counts[sample] = self._counts.get(sample, 0.0) + value


def _sample(metric: Metric, labels: Sequence[str], *more: tuple[str, str]) -> MetricSample:
    return MetricSample(metric.name, (*zip(metric.labels, labels, strict=True), *more))
