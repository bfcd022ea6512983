"""Which version runs, and which model and calibration are current."""

from collections.abc import Mapping

from cds.metrics.catalogue import BUILD_INFO
from cds.ports import MetricSample


class BuildInfo:
    """A `MetricSource` of one number, which is 1."""

    def __init__(self, version: str, generation: str) -> None:
        self._sample = MetricSample(BUILD_INFO.name, (("version", version), ("generation", generation)))

    def samples(self) -> Mapping[MetricSample, float]:
        """Always the same."""
        return {self._sample: 1.0}
