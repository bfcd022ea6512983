"""What stands under a card's summary: a short table, what limits it, and where it comes from.

GitHub Flavored Markdown. Everything from a record goes through `plain`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from cds.bone.assessment import Assessment, LevelMeasurement
from cds.bone.words import (
    RULE_IN_ONLY,
    category_words,
    day_words,
    flag_words,
    interval_words,
    levels_are_upper_estimates,
    levels_words,
    mg_words,
    possible_fractures,
)
from cds.chart import ChartFacts
from cds.correction import Correction
from cds.hooks.chart_words import chart_remarks
from cds.hooks.judgement import SUPPORT, Presentation
from cds.hooks.markdown import plain
from cds.ports import Review, StoredResult, Trouble

_STALE = "An earlier version of the model made this result; a new measurement is under way."
_DXA_DRAFTED = "A DXA is being ordered; this finding supports it."


@dataclass(frozen=True, slots=True)
class Told:
    """What a card tells: a result, how it is shown, and the chart that it was held against."""

    result: StoredResult
    shown_as: Presentation
    facts: ChartFacts
    stale: bool = False


def result_detail(told: Told, notice: str) -> str:
    """The detail of a card about an assessed result."""
    assessment = told.result.assessment
    paragraphs = [
        _headline(assessment),
        _levels_table(assessment),
        _bullets(_remarks(told)),
        _provenance(assessment),
        f"{_standing(told.result.review)} {RULE_IN_ONLY} {plain(notice)}",
    ]
    return "\n\n".join(each for each in paragraphs if each)


def _standing(review: Review | None) -> str:
    """Who answers for it, besides the software."""
    if review is None or review.decision == "rejected":
        return "Preliminary, measured by software."
    day = day_words(review.at.date())
    return f"Measured by software, {review.decision} by {plain(review.reader_shown)} on {day}."


def not_assessable_detail(told: Told, notice: str) -> str:
    """The detail of a card about a CT that could not be measured."""
    assessment = told.result.assessment
    fractures = _bullets(possible_fractures(assessment))
    reasons = _bullets([plain(reason.text) for reason in assessment.reasons])
    follows = "" if fractures else ", so nothing follows for or against low bone density"
    paragraphs = (
        fractures,
        f"No value was measured{follows}.",
        reasons,
        _bullets(chart_remarks(told.shown_as.remarks, told.facts)),
        plain(notice),
    )
    return "\n\n".join(each for each in paragraphs if each)


def trouble_detail(trouble: Trouble, notice: str) -> str:
    """The detail of a card that says why there is no answer."""
    since = f"{day_words(trouble.since.date())}, {trouble.since:%H:%M} {trouble.since.tzname() or ''}".strip()
    return f"Since {since}. Nothing follows for or against low bone density.\n\n{plain(notice)}"


def _headline(assessment: Assessment) -> str:
    if assessment.vbmd_mg_cm3 is None or assessment.ci95_mg_cm3 is None:
        return ""
    kind = "95 % interval" if assessment.interval_kind != "upper-estimate" else "upper estimate, 95 % interval"
    return (
        f"**{mg_words(assessment.vbmd_mg_cm3)} mg/cm3** trabecular bone density at L1-L2 "
        f"({kind} {interval_words(assessment.ci95_mg_cm3)} mg/cm3; {assessment.basis} scale), "
        f"from {levels_words(assessment.levels_used)}: {category_words(assessment)}."
    )


def _levels_table(assessment: Assessment) -> str:
    if not assessment.levels:
        return ""
    density = "mg/cm3, upper estimate" if levels_are_upper_estimates(assessment) else "mg/cm3"
    rows = [f"| Level | {density} | 95 % interval | Used |", "|---|---|---|---|"]
    rows += [
        f"| {each.level.value} | {mg_words(each.vbmd_mg_cm3)} | {interval_words(each.ci95_mg_cm3)} | {_used(each)} |"
        for each in assessment.levels
    ]
    return "\n".join(rows)


def _used(level: LevelMeasurement) -> str:
    if level.used:
        return "yes"
    why = " ".join(plain(reason.text) for reason in level.reasons).removesuffix(".")
    return f"no: {why}" if why else "no"


def _remarks(told: Told) -> Sequence[str]:
    """What was corrected first, then possible fractures, the chart, and what limits."""
    assessment = told.result.assessment
    last = ((told.shown_as.dxa == SUPPORT, _DXA_DRAFTED), (told.stale, _STALE))
    return [
        *_corrections(told.result),
        *possible_fractures(assessment),
        *chart_remarks(told.shown_as.remarks, told.facts),
        *(plain(flag_words(flag)) for flag in assessment.flags),
        *(sentence for holds, sentence in last if holds),
    ]


def _corrections(result: StoredResult) -> Sequence[str]:
    """What it was before, so that whoever saw that knows; and what another measurement of the same CT was."""
    said = []
    if result.correction is not None:
        before = result.measured
        was = f"{mg_words(before.vbmd_mg_cm3 or 0.0)} mg/cm3 from {levels_words(before.levels_used)}"
        said.append(f"{_corrected(result.correction)} Before, as software measured it: {was}.")
    if result.corrected_before is not None:
        earlier = "This newer measurement of the same CT was not corrected; an earlier one was:"
        said.append(f"{earlier} {_corrected(result.corrected_before)}")
    return said


def _corrected(correction: Correction) -> str:
    reason = plain(correction.reason).rstrip(".")
    by, day = plain(correction.reader_shown), day_words(correction.at.date())
    return f"Corrected by {by} on {day}: {correction.what}; {reason}."


def _bullets(remarks: Sequence[str]) -> str:
    return "\n".join(f"- {remark}" for remark in remarks)


def _provenance(assessment: Assessment) -> str:
    acquisition, software = assessment.acquisition, assessment.software
    scanner = " ".join(each for each in (acquisition.manufacturer, acquisition.model) if each)
    parts = [
        f"CT of {day_words(acquisition.study_date)}",
        plain(scanner),
        f"{acquisition.kvp:g} kVp" if acquisition.kvp is not None else "",
        f"kernel {plain(acquisition.kernel)}" if acquisition.kernel else "",
        f"{acquisition.slice_thickness_mm:g} mm slices" if acquisition.slice_thickness_mm is not None else "",
    ]
    if assessment.calibration is not None:
        calibration = assessment.calibration
        parts.append(f"calibration: {plain(calibration.method)} ({plain(calibration.version)})")
    parts.append(f"osteocds {plain(software.version)}, model {plain(software.model)}")
    return "; ".join(part for part in parts if part) + "."
