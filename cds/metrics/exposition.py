"""All sources as the text that Prometheus reads."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

import structlog
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.core import Metric as Family
from prometheus_client.registry import Collector

from cds.metrics.catalogue import METRICS, SOURCE_UP, Metric
from cds.metrics.tally import SUM
from cds.ports import MetricSample, MetricSource

Values = Mapping[tuple[str, ...], float]


class Exposition(Collector):
    """Reads every source when it is asked; one that fails is named, and the others are told all the same."""

    def __init__(self, sources: Mapping[str, MetricSource]) -> None:
        self._sources = sources
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def text(self) -> bytes:
        """In the text format."""
        return generate_latest(self._registry)

    def describe(self) -> Iterable[Family]:
        """Nothing is read before it is asked for."""
        return ()

    def collect(self) -> Iterator[Family]:
        """One family for each metric of the catalogue that has values."""
        values: dict[str, dict[tuple[tuple[str, str], ...], float]] = defaultdict(dict)
        for name, source in self._sources.items():
            found, up = self._read(name, source)
            for sample, value in found.items():
                values[sample.metric][sample.labels] = value
            values[SOURCE_UP.name][("source", name),] = float(up)
        for name, metric in METRICS.items():
            if name in values:
                yield _family(metric, values[name])

    def _read(self, name: str, source: MetricSource) -> tuple[Mapping[MetricSample, float], bool]:
        try:
            return source.samples(), True
        except Exception as error:  # noqa: BLE001 - Prometheus is told which numbers are missing
            structlog.get_logger("osteocds.metrics").warning("source unread", source=name, kind=type(error).__name__)
            return {}, False


def _family(metric: Metric, values: Mapping[tuple[tuple[str, str], ...], float]) -> Family:
    match metric.kind:
        case "histogram":
            return _histogram(metric, values)
        case "counter":
            family: CounterMetricFamily | GaugeMetricFamily = CounterMetricFamily(
                metric.name, metric.help, labels=metric.labels
            )
        case "gauge":
            family = GaugeMetricFamily(metric.name, metric.help, labels=metric.labels)
    for labels, value in sorted(values.items()):
        family.add_metric([text for _, text in labels], value)
    return family


def _histogram(metric: Metric, values: Mapping[tuple[tuple[str, str], ...], float]) -> Family:
    """Kept bucket by bucket, told cumulated."""
    family = HistogramMetricFamily(metric.name, metric.help, labels=metric.labels)
    series: dict[tuple[str, ...], dict[str, float]] = defaultdict(dict)
    for labels, value in values.items():
        *own, (_, border) = labels
        series[tuple(text for _, text in own)][border] = value
    for own_labels, counts in sorted(series.items()):
        total, buckets = 0.0, []
        for border in (*map(str, metric.buckets), "+Inf"):
            total += counts.get(border, 0.0)
            buckets.append((border, total))
        family.add_metric(list(own_labels), buckets, counts.get(SUM, 0.0))
    return family
