"""Numbers that operators watch."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class MetricSample:
    """One time series: a metric's name, and its labels in the order of the metric."""

    metric: str
    labels: tuple[tuple[str, str], ...]


class MetricSource(Protocol):
    """Tells numbers when it is asked."""

    def samples(self) -> Mapping[MetricSample, float]:
        """As they are now."""


class MetricStore(Protocol):
    """Adds up what all processes count."""

    def add(self, counts: Mapping[MetricSample, float], states: Mapping[MetricSample, float], process: str) -> None:
        """Counts are added to those of all, states replace those of this process; all in one transaction."""
