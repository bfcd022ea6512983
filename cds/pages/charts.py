"""Charts as plain numbers: where in an SVG of 360 units each mark stands. The template only draws them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil
from typing import Final, Literal

from cds.bone.assessment import Assessment, Interval
from cds.bone.category import NORMAL_ABOVE_MG_CM3, OSTEOPOROSIS_BELOW_MG_CM3
from cds.bone.reference import Norm
from cds.bone.trend import is_thoracic_estimate, same_scanner
from cds.ct.patient import Sex

SCALE_TOP_MG_CM3: Final = 200.0
CHART_TOP_MG_CM3: Final = 160.0
"""Or more, where an interval reaches further."""
Mark = Literal["plain", "contrast", "thoracic"]


@dataclass(frozen=True, slots=True)
class Axis:
    """A straight line from values to units of the drawing."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Where a value stands; beyond the ends, at the end."""
        share = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return round(self.start + share * (self.end - self.start), 1)


@dataclass(frozen=True, slots=True)
class ScaleChart:
    """One value with its interval on the scale of the categories."""

    at_80: float
    at_120: float
    end: float
    start: float
    low: float
    high: float
    value: float
    top_mg_cm3: int


@dataclass(frozen=True, slots=True)
class TrendMark:
    """One CT."""

    x: float
    y: float
    low_y: float
    high_y: float
    kind: Mark
    is_shown: bool
    """The CT that the page is about."""


@dataclass(frozen=True, slots=True)
class TrendChart:
    """Values by date."""

    marks: Sequence[TrendMark]
    scanner_changes_x: Sequence[float]
    years: Sequence[tuple[float, str]]
    at_80: float
    at_120: float


@dataclass(frozen=True, slots=True)
class ReferenceChart:
    """The patient among people of the norm."""

    mean: str
    one_sd: str
    two_sd: str
    ages: Sequence[tuple[float, str]]
    x: float
    y: float
    low_y: float
    high_y: float
    at_80: float
    at_120: float


def scale_chart(value: float, interval: Interval) -> ScaleChart:
    """From 0 to 200, or further where the interval reaches further."""
    top = _top([SCALE_TOP_MG_CM3, interval[1], value])
    axis = Axis(0.0, top, 12.0, 348.0)
    return ScaleChart(
        at_80=axis.at(OSTEOPOROSIS_BELOW_MG_CM3),
        at_120=axis.at(NORMAL_ABOVE_MG_CM3),
        start=axis.start,
        end=axis.end,
        low=axis.at(interval[0]),
        high=axis.at(interval[1]),
        value=axis.at(value),
        top_mg_cm3=int(top),
    )


def trend_chart(assessments: Sequence[Assessment], shown: Assessment) -> TrendChart:
    """Dated values, the oldest first; at least two of them."""
    days = [each.acquisition.study_date or date.min for each in assessments]
    first, last = days[0].toordinal(), days[-1].toordinal()
    margin = max(60, (last - first) // 12)
    across = Axis(first - margin, last + margin, 34.0, 352.0)
    upward = _upward([each.ci95_mg_cm3[1] for each in assessments if each.ci95_mg_cm3])
    changes = [
        round((across.at(days[place].toordinal()) + across.at(days[place + 1].toordinal())) / 2, 1)
        for place in range(len(days) - 1)
        if not same_scanner(assessments[place].acquisition, assessments[place + 1].acquisition)
    ]
    step = max(1, ceil((days[-1].year - days[0].year) / 6))
    years = [(across.at(date(year, 1, 1).toordinal()), str(year)) for year in range(days[0].year, days[-1].year + 2)]
    return TrendChart(
        marks=[
            _mark(each, across.at(day.toordinal()), upward, is_shown=each is shown)
            for each, day in zip(assessments, days, strict=True)
        ],
        scanner_changes_x=changes,
        years=[each for each in years[::step] if across.start < each[0] < across.end],
        at_80=upward.at(OSTEOPOROSIS_BELOW_MG_CM3),
        at_120=upward.at(NORMAL_ABOVE_MG_CM3),
    )


def reference_chart(norm: Norm, sex: Sex, age_years: float, value: float, interval: Interval) -> ReferenceChart:
    """Mean and spread of the norm by age, on the K2HPO4 scale, and the patient."""
    youngest, oldest = norm.ages_years
    ages = range(youngest, oldest + 1)
    across = Axis(youngest, oldest, 34.0, 352.0)
    curve = norm.curves[sex]
    means = [curve.mean(age) * norm.k2hpo4_per_own for age in ages]
    sd = curve.sd * norm.k2hpo4_per_own
    upward = _upward([interval[1], max(means) + 2 * sd])

    def line(shift: float) -> list[str]:
        return [f"{across.at(age)},{upward.at(mean + shift)}" for age, mean in zip(ages, means, strict=True)]

    return ReferenceChart(
        mean=" ".join(line(0)),
        one_sd=" ".join([*line(sd), *reversed(line(-sd))]),
        two_sd=" ".join([*line(2 * sd), *reversed(line(-2 * sd))]),
        ages=[(across.at(age), str(age)) for age in range(-(-youngest // 10) * 10, oldest + 1, 10)],
        x=across.at(age_years),
        y=upward.at(value),
        low_y=upward.at(interval[0]),
        high_y=upward.at(interval[1]),
        at_80=upward.at(OSTEOPOROSIS_BELOW_MG_CM3),
        at_120=upward.at(NORMAL_ABOVE_MG_CM3),
    )


def mark_of(assessment: Assessment) -> Mark:
    """What kind of value it is, as its shape shows."""
    if assessment.contrast.state != "none":
        return "contrast"
    return "thoracic" if is_thoracic_estimate(assessment) else "plain"


def _mark(assessment: Assessment, x: float, upward: Axis, *, is_shown: bool) -> TrendMark:
    value = assessment.vbmd_mg_cm3 or 0.0
    low, high = assessment.ci95_mg_cm3 or (value, value)
    return TrendMark(x, upward.at(value), upward.at(low), upward.at(high), mark_of(assessment), is_shown)


def _upward(highest: Sequence[float]) -> Axis:
    """Density from the bottom of a chart of 190 units to its top."""
    return Axis(0.0, _top([CHART_TOP_MG_CM3, *highest]), 168.0, 10.0)


def _top(values: Sequence[float]) -> float:
    return 20.0 * ceil(max(values) / 20)
