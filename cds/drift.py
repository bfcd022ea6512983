"""Drift watch: what the tissues of a scanner's patients read lately, against what they read at first.

Fat, lean muscle, blood and outside air are the same stuff in everybody, so their mean over many patients tells
of the scanner: a new tube, new software, a calibration that slipped. By scanner, tube voltage and tissue:

baseline   the days of the first 100 readings
lately     the days of the last 100 readings after them
shift      mean lately - mean of the baseline, in HU
z          shift over its standard error: pooled SD within both, sqrt(1/n + 1/m)
alert      |z| > 4.5, and |shift| >= 3 HU

3 HU are about 2.5 mg/cm3 at 120 kVp: less does not matter to a category. z is looked at anew every day, and
consecutive looks share most of their readings, so the chance of a false alarm is not that of one look. Simulated
(`tests/test_drift.py`: 1,000 years of a scanner that does not drift, 20 readings a day, heavy tails), fewer
than 1 % of the years have a false alarm; a shift of 7 HU at an SD of 8 HU between patients is found within
160 readings in 9 of 10 cases.

What else moves the mean: other patients, other kernels, contrast. An alert says "look", not "the scanner is wrong".
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate

BASELINE_READINGS = 100
RECENT_READINGS = 100
Z_LIMIT = 4.5
LEAST_SHIFT_HU = 3.0


@dataclass(frozen=True, slots=True)
class ScannerTissue:
    """What is watched by itself."""

    scanner: str
    """Manufacturer, model, station and serial number, as far as the images tell them."""
    kvp: float
    tissue: str


@dataclass(frozen=True, slots=True)
class TissueDay:
    """The readings of one day of scans, summed up."""

    day: date
    count: int
    sum_hu: float
    sum_hu2: float


@dataclass(frozen=True, slots=True)
class Readings:
    """Several days together."""

    count: int
    mean_hu: float
    squares: float
    """Sum of squared distances from the mean."""

    @classmethod
    def of(cls, days: Iterable[TissueDay]) -> "Readings":
        """Of at least one reading."""
        listed = list(days)
        count, total = sum(each.count for each in listed), sum(each.sum_hu for each in listed)
        squares = sum(each.sum_hu2 for each in listed) - total * total / count
        return cls(count, total / count, max(0.0, squares))


@dataclass(frozen=True, slots=True)
class Drift:
    """How far a scanner has moved, as far as its patients tell."""

    of: ScannerTissue
    baseline: Readings
    baseline_until: date
    recent: Readings
    recent_since: date
    shift_hu: float
    z: float

    @property
    def alert(self) -> bool:
        """More than chance, and enough to matter."""
        return abs(self.z) > Z_LIMIT and abs(self.shift_hu) >= LEAST_SHIFT_HU


def drift_of(watched: ScannerTissue, days: Sequence[TissueDay]) -> Drift | None:
    """None while there are not enough readings for baseline and comparison. `days` in their order."""
    first = _enough(days, BASELINE_READINGS)
    rest = days[first:] if first is not None else ()
    last = _enough(rest[::-1], RECENT_READINGS)
    if first is None or last is None:
        return None
    begin, end = days[:first], rest[len(rest) - last :]
    baseline, recent = Readings.of(begin), Readings.of(end)
    shift_hu = recent.mean_hu - baseline.mean_hu
    pooled = (baseline.squares + recent.squares) / (baseline.count + recent.count - 2)
    error_hu = math.sqrt(pooled * (1 / baseline.count + 1 / recent.count))
    z = shift_hu / error_hu if error_hu > 0 else math.copysign(math.inf, shift_hu) if shift_hu else 0.0
    return Drift(watched, baseline, begin[-1].day, recent, end[0].day, shift_hu, z)


def _enough(days: Sequence[TissueDay], readings: int) -> int | None:
    """How many of the first days it takes to have so many readings."""
    sums = accumulate(each.count for each in days)
    return next((number for number, total in enumerate(sums, 1) if total >= readings), None)
