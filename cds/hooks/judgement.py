"""The decision table: whether a result deserves a card, how loud it is, what it says of the chart, whether of DXA.

Four questions, each a list of rows: what the result is x what the chart says -> what follows, and who
says so. QUIET is asked first: no card if any of its rows holds. LOUDNESS and DXA: the first row that
holds decides. REMARKS: every row that holds is said. `README.md` beside this file shows the same table.

A fact that could not be read is taken as absent, so that it never hides a card; the card says so.
Who has opted out is never asked about, so no row names it.
"""

from dataclasses import dataclass
from typing import Final, Generic, Literal, TypeVar

from cds.bone.words import fractured_levels
from cds.chart import ChartFacts
from cds.hooks.conditions import (
    ANY,
    BELOW_80,
    COMFORT_CARE,
    DECEASED,
    DXA_BETTER,
    DXA_DRAFTED,
    DXA_LOW_AND_TREATED,
    DXA_ORDERED,
    DXA_RECENT,
    EMERGENCY,
    KNOWN_AND_TREATED,
    KNOWN_AND_UNTREATED,
    LOW_OR_MAYBE,
    MALIGNANT,
    NO_CATEGORY,
    NORMAL,
    NOT_WANTED,
    NOTHING_TO_DO,
    OSTEOPOROSIS_RANGE,
    OVERRIDDEN,
    PREGNANT,
    TOLD_EVER,
    TOLD_LATELY,
    TOO_YOUNG,
    TREATED,
    UNREAD,
    Case,
    ChartCondition,
    Condition,
)
from cds.hooks.messages import Indicator

Quiet = Literal["no card", "no card, unless a fracture is possible"]
Loudness = Literal["info", "warning; info if the scanner is not calibrated"]
Dxa = Literal["suggest", "support the drafted order", "say nothing"]
Remark = Literal[
    "no treatment on record",
    "CT and DXA disagree",
    "malignancy on record",
    "medicine on record",
    "DXA on record",
    "DXA order active",
    "pregnancy on record",
    "not checked against the chart",
]
Then = TypeVar("Then", Quiet, Loudness, Dxa, Remark)

NO_CARD: Final[Quiet] = "no card"
UNLESS_FRACTURE: Final[Quiet] = "no card, unless a fracture is possible"
INFO: Final[Loudness] = "info"
WARNING: Final[Loudness] = "warning; info if the scanner is not calibrated"
SUGGEST: Final[Dxa] = "suggest"
SUPPORT: Final[Dxa] = "support the drafted order"
NOTHING: Final[Dxa] = "say nothing"

_DESIGN = "design of this service"
_ISCD = "ISCD adult official positions 2019, central DXA for diagnosis"
_QCT = "ACR-SPR-SSR practice parameter, QCT; Chinese QCT guideline 2018"
_ACR_DXA = "ACR-SPR-SSR practice parameter, DXA"
_ACR_BONE = "ACR Appropriateness Criteria, osteoporosis and bone density"
_CMS = "42 CFR 410.31: DXA again when 23 months have passed"
_PRACTICE = "CDS Hooks practice: say nothing twice"


@dataclass(frozen=True, slots=True)
class Row(Generic[Then]):
    """For such a result of such a patient, this follows."""

    result: Condition
    chart: Condition | ChartCondition
    then: Then
    source: str

    def holds(self, case: Case) -> bool:
        """Whether the row is for this case."""
        return self.result.holds(case) and self.chart.holds(case)


QUIET: Final[tuple[Row[Quiet], ...]] = (
    Row(ANY, DECEASED, NO_CARD, f"{_DESIGN}: nothing left to decide"),
    Row(ANY, COMFORT_CARE, NO_CARD, f"{_DESIGN}: fracture prevention is no longer the aim"),
    Row(ANY, EMERGENCY, NO_CARD, f"{_DESIGN}: never interrupt an emergency"),
    Row(ANY, TOO_YOUNG, UNLESS_FRACTURE, f"{_QCT}: thresholds from 50 years"),
    Row(ANY, KNOWN_AND_TREATED, UNLESS_FRACTURE, f"{_DESIGN}: the card would change nothing"),
    Row(ANY, DXA_LOW_AND_TREATED, UNLESS_FRACTURE, f"{_DESIGN}: the card would change nothing"),
    Row(ANY, DXA_ORDERED, UNLESS_FRACTURE, f"{_DESIGN}: the next step is under way"),
    Row(NORMAL, NOT_WANTED, UNLESS_FRACTURE, f"{_DESIGN}: it cannot rule out low density"),
    Row(NO_CATEGORY, ANY, UNLESS_FRACTURE, f"{_QCT}: thresholds from 50 years"),
    Row(NOTHING_TO_DO, TOLD_EVER, UNLESS_FRACTURE, _PRACTICE),
    Row(ANY, OVERRIDDEN, NO_CARD, _PRACTICE),
    Row(ANY, TOLD_LATELY, NO_CARD, _PRACTICE),
)

LOUDNESS: Final[tuple[Row[Loudness], ...]] = (
    Row(ANY, MALIGNANT, INFO, f"{_DESIGN}: density there need not be the patient's own bone"),
    Row(
        OSTEOPOROSIS_RANGE,
        DXA_BETTER,
        INFO,
        f"{_ISCD}; {_ACR_BONE}: a degenerated spine is measured elsewhere or by QCT",
    ),
    Row(OSTEOPOROSIS_RANGE, TREATED, INFO, f"{_DESIGN}: the medicine may serve another purpose"),
    Row(OSTEOPOROSIS_RANGE, ANY, WARNING, f"{_QCT}: below 80 mg/cm3"),
    Row(ANY, ANY, INFO, _DESIGN),
)

DXA: Final[tuple[Row[Dxa], ...]] = (
    Row(ANY, PREGNANT, NOTHING, f"{_ACR_DXA}: put off in pregnancy"),
    Row(ANY, MALIGNANT, NOTHING, f"{_DESIGN}: information only"),
    Row(LOW_OR_MAYBE, DXA_DRAFTED, SUPPORT, f"{_DESIGN}: help with the order, do not repeat it"),
    Row(ANY, DXA_DRAFTED, NOTHING, f"{_DESIGN}: the finding does not speak for it"),
    Row(ANY, DXA_ORDERED, NOTHING, f"{_DESIGN}: it is ordered"),
    Row(ANY, DXA_RECENT, NOTHING, f"{_CMS}; {_DESIGN}"),
    Row(ANY, KNOWN_AND_TREATED, NOTHING, f"{_DESIGN}: whoever treats plans the DXA"),
    Row(LOW_OR_MAYBE, ANY, SUGGEST, f"{_ACR_BONE}: DXA where imaging shows low bone mass"),
    Row(ANY, ANY, NOTHING, f"{_DESIGN}: nothing found that DXA would settle"),
)

REMARKS: Final[tuple[Row[Remark], ...]] = (
    Row(BELOW_80, KNOWN_AND_UNTREATED, "no treatment on record", f"{_DESIGN}: the gap that can be closed"),
    Row(BELOW_80, DXA_BETTER, "CT and DXA disagree", f"{_ACR_BONE}: degeneration misleads DXA of the spine"),
    Row(ANY, MALIGNANT, "malignancy on record", _DESIGN),
    Row(ANY, TREATED, "medicine on record", _DESIGN),
    Row(ANY, DXA_RECENT, "DXA on record", _DESIGN),
    Row(ANY, DXA_ORDERED, "DXA order active", _DESIGN),
    Row(LOW_OR_MAYBE, PREGNANT, "pregnancy on record", f"{_ACR_DXA}: put off in pregnancy"),
    Row(ANY, UNREAD, "not checked against the chart", f"{_DESIGN}: unknown is not absent"),
)


@dataclass(frozen=True, slots=True)
class Presentation:
    """How a result is shown."""

    indicator: Indicator
    dxa: Dxa
    remarks: tuple[Remark, ...] = ()


def judge(case: Case) -> Presentation | None:
    """What the table says; None for no card. Whoever was told before a reader corrected it is told what holds now."""
    needed = bool(fractured_levels(case.assessment)) or case.must_unlearn
    if any(row.holds(case) for row in QUIET if row.then == NO_CARD or not needed):
        return None
    return Presentation(
        indicator=_indicator(_first(LOUDNESS, case), case),
        dxa=_first(DXA, case),
        remarks=tuple(row.then for row in REMARKS if row.holds(case)),
    )


def is_silent(facts: ChartFacts) -> bool:
    """Whether the chart alone forbids every card, whatever the result would be."""
    absolute = (row.chart for row in QUIET if row.result is ANY and row.then == NO_CARD)
    return any(chart.true_of(facts) for chart in absolute if isinstance(chart, ChartCondition))


def _first(rows: tuple[Row[Then], ...], case: Case) -> Then:
    """The last row of each list is for every case."""
    return next(row.then for row in rows if row.holds(case))


def _indicator(loudness: Loudness, case: Case) -> Indicator:
    calibrated = "scanner-not-calibrated" not in case.assessment.flags
    return "warning" if loudness == WARNING and calibrated else "info"
