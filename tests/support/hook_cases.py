"""Builders of what the decision table is asked about; each test varies one thing."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from cds.chart import ChartFacts, DxaResult
from cds.hooks.conditions import Case
from cds.hooks.rules import CardRules
from tests.support.assessments import a_refusal, an_assessment

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
NOTICE = "Investigational: not cleared as a medical device."


@dataclass(frozen=True)
class FixedMemory:
    """What a user did with a card, so many days ago."""

    overridden_days_ago: float | None = None
    told_days_ago: float | None = None
    otherwise: bool = False

    def overridden_at(self):
        """Days before `NOW`."""
        return _ago(self.overridden_days_ago)

    def told_at(self):
        """Days before `NOW`."""
        return _ago(self.told_days_ago)

    def told_to_anyone_at(self):
        """The same."""
        return self.told_at()

    def told_otherwise(self):
        """As given."""
        return self.otherwise


def _ago(days: float | None) -> datetime | None:
    return None if days is None else NOW - timedelta(days=days)


def some_rules(**rules):
    """What a site decides by not deciding."""
    return CardRules(**({"notice": NOTICE} | rules))


def some_facts(**facts):
    """A chart that has been read and says nothing."""
    return ChartFacts(**({"birth_date": date(1951, 4, 3)} | facts))


def a_dxa(t_score: float | None, measured_on=date(2025, 5, 3)):
    """A DXA of less than a year ago."""
    return DxaResult(measured_on, t_score)


def a_case(assessment=None, facts=None, *, memory=None, rules=None, dxa_drafted=False, corrected=False):
    """A value in the osteoporosis range, a quiet chart, a user who sees it for the first time."""
    return Case(
        assessment=assessment or OSTEOPOROSIS_RANGE,
        facts=facts or some_facts(),
        rules=rules or some_rules(),
        memory=memory or FixedMemory(),
        now=NOW,
        dxa_drafted=dxa_drafted,
        corrected=corrected,
    )


OSTEOPOROSIS_RANGE = an_assessment(flags=())
UNCALIBRATED = an_assessment(flags=("scanner-not-calibrated",))
LOW = an_assessment(
    category="low", vbmd_mg_cm3=100.0, ci95_mg_cm3=(94.0, 106.0), probability_osteoporosis_range=0.01, flags=()
)
MAYBE = an_assessment(category="indeterminate", vbmd_mg_cm3=90.0, ci95_mg_cm3=(60.0, 120.0), flags=())
WIDE_BELOW_80 = an_assessment(category="indeterminate", vbmd_mg_cm3=75.0, ci95_mg_cm3=(40.0, 110.0), flags=())
NO_CATEGORY_POSSIBLE = an_assessment(category="indeterminate", vbmd_mg_cm3=130.0, ci95_mg_cm3=(95.0, 140.0), flags=())
NORMAL = an_assessment(
    category="normal",
    vbmd_mg_cm3=140.0,
    ci95_mg_cm3=(130.0, 150.0),
    probability_osteoporosis_range=0.0,
    flags=(),
)
UNDER_50 = an_assessment(category=None, flags=())
REFUSED = a_refusal()
EVERY_RESULT = (
    OSTEOPOROSIS_RANGE,
    UNCALIBRATED,
    LOW,
    MAYBE,
    WIDE_BELOW_80,
    NO_CATEGORY_POSSIBLE,
    NORMAL,
    UNDER_50,
    REFUSED,
)
