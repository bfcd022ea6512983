"""What a row of the decision table can ask: about the result, the chart, and what this user was told.

Each condition is a sentence fragment for people and a test for the program, side by side.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Protocol

from cds.bone.assessment import Assessment
from cds.bone.category import OSTEOPOROSIS_BELOW_MG_CM3
from cds.bone.words import reaches_below_80
from cds.chart import ChartFacts
from cds.clocks import is_due
from cds.hooks.rules import CardRules

DXA_T_SCORE: Final = -2.5
"""WHO 1994, for DXA: at or below it."""
_RECENT_YEARS = 2


class Memory(Protocol):
    """What this user did with this card before."""

    def overridden_at(self) -> datetime | None:
        """When this user last overrode it; None too where the user has no name."""

    def told_at(self) -> datetime | None:
        """When this user was last told the same, in another call; None too where the user has no name."""

    def told_to_anyone_at(self) -> datetime | None:
        """The same, where users without a name count as one."""

    def told_otherwise(self) -> bool:
        """Whether this user was told something else about this result, and not yet what holds now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One result, one chart, one user, one moment."""

    assessment: Assessment
    facts: ChartFacts
    rules: CardRules
    memory: Memory
    now: datetime
    dxa_drafted: bool = False
    """A DXA is among the orders of the call."""
    corrected: bool = False
    """A reader has corrected the result."""

    @property
    def must_unlearn(self) -> bool:
        """Whether this user was told of the result before a reader corrected it."""
        return self.corrected and self.memory.told_otherwise()


@dataclass(frozen=True, slots=True)
class Condition:
    """`words` finish the sentence "this row is for ..."."""

    words: str
    holds: Callable[[Case], bool]


@dataclass(frozen=True, slots=True)
class ChartCondition:
    """A condition on the chart alone, so that it can be asked before there is a result."""

    words: str
    true_of: Callable[[ChartFacts], bool]

    def holds(self, case: Case) -> bool:
        """Whether it is true of the case's chart."""
        return self.true_of(case.facts)


def _below_80(case: Case) -> bool:
    value = case.assessment.vbmd_mg_cm3
    wide = case.assessment.category == "indeterminate" and value is not None and value < OSTEOPOROSIS_BELOW_MG_CM3
    return wide or case.assessment.category == "osteoporosis-range"


def _may_be_low(case: Case) -> bool:
    category = case.assessment.category
    return category in ("osteoporosis-range", "low") or (
        category == "indeterminate" and reaches_below_80(case.assessment)
    )


def _nothing_to_do(case: Case) -> bool:
    refused = case.assessment.status == "not-assessable"
    return refused or (case.assessment.category == "indeterminate" and not reaches_below_80(case.assessment))


ANY: Final = Condition("any", lambda _: True)
OSTEOPOROSIS_RANGE: Final = Condition(
    "osteoporosis range", lambda case: case.assessment.category == "osteoporosis-range"
)
BELOW_80: Final = Condition("value below 80 mg/cm3 (50 years or more)", _below_80)
LOW_OR_MAYBE: Final = Condition("osteoporosis range, low, or may lie in the osteoporosis range", _may_be_low)
NORMAL: Final = Condition("above 120", lambda case: case.assessment.category == "normal")
NO_CATEGORY: Final = Condition(
    "value without category (under 50 at the scan)",
    lambda case: case.assessment.status == "assessed" and case.assessment.category is None,
)
NOTHING_TO_DO: Final = Condition("not assessable; no category possible, and not below 80", _nothing_to_do)


def _age(case: Case) -> int | None:
    born, today = case.facts.birth_date, case.now.date()
    return None if born is None else today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def _too_young(case: Case) -> bool:
    age = _age(case)
    return age is not None and age < case.rules.youngest_age


def _recent_dxa(case: Case) -> bool:
    """Within 24 months, to the day; a date that lies ahead is no DXA that was done."""
    dxa, today = case.facts.latest_dxa, case.now.date()
    return dxa is not None and _years_before(today, _RECENT_YEARS) <= dxa.measured_on <= today + timedelta(days=1)


def _years_before(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year - years)
    except ValueError:  # 29 February
        return day.replace(year=day.year - years, day=28)


def _recent_t_score(case: Case) -> float | None:
    dxa = case.facts.latest_dxa
    return dxa.lowest_t_score if dxa is not None and _recent_dxa(case) else None


def _confirmed_by_dxa(case: Case) -> bool:
    t_score = _recent_t_score(case)
    return t_score is not None and t_score <= DXA_T_SCORE


def _denied_by_dxa(case: Case) -> bool:
    t_score = _recent_t_score(case)
    return t_score is not None and t_score > DXA_T_SCORE


def _known_and_untreated(case: Case) -> bool:
    """Never claimed of a chart that was read in part: the medicine may be in the other part."""
    known = case.facts.osteoporosis_known or _confirmed_by_dxa(case)
    return known and not case.facts.osteoporosis_treated and not case.facts.unread


DECEASED: Final = ChartCondition("deceased", lambda facts: facts.deceased)
COMFORT_CARE: Final = ChartCondition("hospice, palliative or comfort care on record", lambda facts: facts.comfort_care)
EMERGENCY: Final = ChartCondition("the encounter is an emergency", lambda facts: facts.emergency)
PREGNANT: Final = ChartCondition("pregnancy on record", lambda facts: facts.pregnant)
MALIGNANT: Final = ChartCondition(
    "bone metastasis, myeloma or spinal radiotherapy on record", lambda facts: facts.bone_malignancy
)
TREATED: Final = ChartCondition(
    "a medicine against osteoporosis is active or still acts", lambda facts: facts.osteoporosis_treated
)
KNOWN_AND_TREATED: Final = ChartCondition(
    "osteoporosis on record and treated", lambda facts: facts.osteoporosis_known and facts.osteoporosis_treated
)
DXA_ORDERED: Final = ChartCondition("another DXA order is active", lambda facts: facts.dxa_ordered)
UNREAD: Final = ChartCondition("a part of the chart could not be read", lambda facts: bool(facts.unread))

TOO_YOUNG: Final = Condition("younger than the site's age limit (50)", _too_young)
DXA_LOW_AND_TREATED: Final = Condition(
    "DXA within 24 months at T -2.5 or below, and treated",
    lambda case: _confirmed_by_dxa(case) and case.facts.osteoporosis_treated,
)
DXA_BETTER: Final = Condition("DXA within 24 months better than T -2.5", _denied_by_dxa)
DXA_RECENT: Final = Condition("DXA within 24 months", _recent_dxa)
KNOWN_AND_UNTREATED: Final = Condition(
    "osteoporosis on record, or DXA within 24 months at T -2.5 or below; no medicine on record, all of it read",
    _known_and_untreated,
)
DXA_DRAFTED: Final = Condition("a DXA is among the orders of the call", lambda case: case.dxa_drafted)
NOT_WANTED: Final = Condition(
    "the site does not ask for such results (its default)", lambda case: not case.rules.show_normal
)


def _within(at: datetime | None, span: timedelta, case: Case) -> bool:
    return at is not None and not is_due(at, case.now, span)


OVERRIDDEN: Final = Condition(
    "overridden by this clinician within the site's time (180 days)",
    lambda case: _within(case.memory.overridden_at(), case.rules.override_quiet, case),
)
TOLD_LATELY: Final = Condition(
    "unchanged, and shown to this user within the site's time (30 days), on any hook",
    lambda case: _within(case.memory.told_at(), case.rules.repeat_quiet, case),
)
TOLD_EVER: Final = Condition(
    "unchanged, and shown to this user before", lambda case: case.memory.told_to_anyone_at() is not None
)
