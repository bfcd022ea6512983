"""The patient's measured CTs beside this one, and what may be said about the differences."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from cds.bone import words
from cds.bone.assessment import Assessment
from cds.bone.difference_words import difference_words
from cds.bone.trend import Comparison, compare, in_order
from cds.ct.patient import contradict
from cds.pages.charts import Mark, TrendChart, mark_of, trend_chart
from cds.pages.language import Wording
from cds.ports import History, StoredResult

MOST_SHOWN = 6
"""The latest; with them a report still prints on one page."""


@dataclass(frozen=True, slots=True)
class TrendRow:
    """One CT, and what separates it from the CT of the page."""

    day: str
    value: str
    interval: str
    scanner: str
    kind: Mark
    is_corrected: bool
    is_shown: bool
    compared: str


@dataclass(frozen=True, slots=True)
class TrendView:
    """Rows, the oldest first; a chart where there are two or more."""

    sentence: str
    rows: tuple[TrendRow, ...] = ()
    chart: TrendChart | None = None


def trend_view(result: StoredResult, history: History, wording: Wording) -> TrendView:
    """Every CT with a value and a date; whoever's birth date or sex contradicts this patient's is left out."""
    shown, own = result.assessment, _others(result, history.held)
    measured = in_order([*(each.assessment for each in own), shown])
    if shown not in measured:
        return TrendView(wording.say("This CT has no value or no date to compare others with."))
    being_checked = _being_checked(_others(result, history.being_checked), wording)
    if len(measured) == 1:
        return TrendView(being_checked or wording.say("No other CT of this patient has been measured."))
    latest = _with_shown(measured, shown)
    comparisons = {id(each): _compare(each, shown) for each in latest if each is not shown}
    corrected = {each.assessment.acquisition.series_uid for each in (result, *own) if each.correction is not None}
    rows = tuple(_row(each, corrected, comparisons.get(id(each)), wording) for each in latest)
    sentence = _sentence(list(comparisons.values()), wording)
    return TrendView(f"{sentence} {being_checked}".rstrip(), rows, trend_chart(latest, shown))


def _others(result: StoredResult, history: Sequence[StoredResult]) -> list[StoredResult]:
    """Other CTs of whoever may be the same person."""
    series_uid = result.assessment.acquisition.series_uid
    others = [each for each in history if each.assessment.acquisition.series_uid != series_uid]
    return [each for each in others if not contradict(result.patient, each.patient)]


def _being_checked(others: Sequence[StoredResult], wording: Wording) -> str:
    """Which CTs would be compared if the archive had confirmed lately that they are this patient's."""
    days = [wording.day(each.acquisition.study_date) for each in in_order([each.assessment for each in others])]
    if not days:
        return ""
    return wording.say(
        "Not shown: the CT of {days}. Whether it still belongs to this patient is being checked; load this page again "
        "in a minute.",
        days=", ".join(days),
    )


def _with_shown(measured: Sequence[Assessment], shown: Assessment) -> tuple[Assessment, ...]:
    latest = measured[-MOST_SHOWN:]
    return tuple(latest) if any(each is shown for each in latest) else (shown, *latest[1:])


def _compare(other: Assessment, shown: Assessment) -> Comparison:
    """In order of time, whichever of the two the page is about."""
    earlier, later = in_order((other, shown))
    return compare(earlier, later)


def _sentence(comparisons: Sequence[Comparison], wording: Wording) -> str:
    """Of the last CT that can be compared, in figures; of the others, whether one of them differs where it does not."""
    say, comparable = wording.say, [each for each in comparisons if each.verdict is not None]
    if not comparable:
        return say("The other CTs cannot be compared with this one: see the table.")
    last = comparable[-1]
    if last.verdict != "no-change-shown":
        return _change(last, wording)
    none = say(
        "No change is shown from {earlier} to {later}: {signed} mg/cm3 may be measurement error.",
        signed=difference_words(last).signed,
        **_days(last, wording),
    )
    if all(each.verdict == "no-change-shown" for each in comparable):
        return none
    return f"{none} {say('Another CT differs by more than measurement error explains: see the table.')}"


def _change(comparison: Comparison, wording: Wording) -> str:
    facts = {"amount": difference_words(comparison).amount, **_days(comparison, wording)}
    if comparison.verdict == "lower":
        return wording.say(
            "{amount} mg/cm3 lower on {later} than on {earlier}: more than measurement error explains.", **facts
        )
    return wording.say(
        "{amount} mg/cm3 higher on {later} than on {earlier}: more than measurement error explains.", **facts
    )


def _days(comparison: Comparison, wording: Wording) -> dict[str, str]:
    days = {"earlier": comparison.earlier, "later": comparison.later}
    return {name: wording.day(each.acquisition.study_date) for name, each in days.items()}


def _row(
    assessment: Assessment, corrected: Collection[str], comparison: Comparison | None, wording: Wording
) -> TrendRow:
    facts = assessment.acquisition
    names = (facts.manufacturer, facts.model, facts.station_name)
    return TrendRow(
        day=wording.day(facts.study_date),
        value=words.mg_words(assessment.vbmd_mg_cm3 or 0.0),
        interval=words.interval_words(assessment.ci95_mg_cm3 or (0.0, 0.0)),
        scanner=" ".join(each for each in names if each) or wording.say("not recorded"),
        kind=mark_of(assessment),
        is_corrected=facts.series_uid in corrected,
        is_shown=comparison is None,
        compared=wording.say("this report") if comparison is None else _compared(comparison, wording),
    )


def _compared(comparison: Comparison, wording: Wording) -> str:
    say = wording.say
    if comparison.verdict is None:
        return {
            "contrast": say("not compared: contrast medium raises a reading"),
            "thoracic-estimate": say("not compared: an estimate from thoracic vertebrae is too uncertain"),
            "scanner": say("not compared: different scanners, not both calibrated"),
            "software": say("not compared: measured by different versions of the model"),
        }.get(comparison.obstacle or "", say("not compared: no value or no date"))
    told = difference_words(comparison)
    facts = {"signed": told.signed, "needed": told.needed}
    if comparison.verdict == "no-change-shown":
        return say(
            "{signed} mg/cm3 from the earlier to the later: no change shown (it takes more than {needed})", **facts
        )
    return say("{signed} mg/cm3 from the earlier to the later: a change (more than {needed})", **facts)
