"""What report and notes say to people, in whole sentences."""

from collections.abc import Sequence

from cds.bone.assessment import Assessment
from cds.bone.words import (
    RULE_IN_ONLY,
    day_words,
    flag_words,
    is_estimate,
    levels_are_upper_estimates,
    levels_words,
    possible_fractures,
)
from cds.correction import Correction
from cds.ports import StoredResult

UPPER_ESTIMATE = (
    "Upper estimate: contrast medium, or the possibility of it, raises the reading; the true value may be lower."
)

_OF_EVERY_VALUE = ("level-ambiguous", "lossy-compression")
_OF_THE_PATIENT = (*_OF_EVERY_VALUE, "thoracic-estimate", "single-level", "age-unknown")
"""Flags that a reader of the bare value has to know, and so are written out beside the coded component."""

_CATEGORIES = {
    "osteoporosis-range": "below 80 mg/cm3, the osteoporosis range of quantitative CT",
    "low": "between 80 and 120 mg/cm3, low bone density by quantitative CT",
    "normal": "above 120 mg/cm3, the normal range of quantitative CT",
    "indeterminate": "no category can be given",
}


def conclusion(assessment: Assessment, notice: str) -> str:
    """The report in a few sentences; the notice always stands at its end."""
    sentences = [_finding(assessment), *possible_fractures(assessment), *_limits(assessment)]
    return " ".join([*sentences, notice])


def corrections_said(result: StoredResult) -> list[tuple[Correction, str]]:
    """Who corrected it, and what it was before; and that another measurement of the same images was corrected."""
    said = []
    if result.correction is not None:
        before = result.correction.measured
        was = f"{before.vbmd_mg_cm3 or 0.0:.1f} mg/cm3 from {levels_words(before.levels_used)}"
        said.append((result.correction, _corrected(result.correction, f"As measured by software: {was}.")))
    if result.corrected_before is not None:
        earlier = "An earlier measurement of this CT was corrected, this one was not."
        said.append((result.corrected_before, _corrected(result.corrected_before, earlier)))
    return said


def _corrected(correction: Correction, rest: str) -> str:
    reason = correction.reason.strip().rstrip(".")
    day = day_words(correction.at.date())
    return f"Corrected by {correction.reader_shown} on {day}: {correction.what}; {reason}. {rest}"


def notes(assessment: Assessment, notice: str) -> list[str]:
    """What goes with the patient's value wherever it is shown alone."""
    estimated = is_estimate(assessment)
    origin = [f"Estimated for L1-L2 from {levels_words(assessment.levels_used)}."] if estimated else []
    return [notice, *possible_fractures(assessment), *origin, *_limits(assessment)]


def notes_of_level(assessment: Assessment, notice: str) -> list[str]:
    """What goes with the value of one vertebra; how the patient's value was made is not its matter."""
    return [notice, *_limiting(assessment, _OF_EVERY_VALUE, upper=levels_are_upper_estimates(assessment))]


def _limits(assessment: Assessment) -> list[str]:
    """Of the patient's value; nothing where there is none."""
    if assessment.status != "assessed":
        return []
    return _limiting(assessment, _OF_THE_PATIENT, upper=assessment.interval_kind == "upper-estimate")


def _limiting(assessment: Assessment, named: Sequence[str], *, upper: bool) -> list[str]:
    flags = (flag_words(flag) for flag in assessment.flags if flag in named)
    return [*([UPPER_ESTIMATE] if upper else []), *flags, RULE_IN_ONLY]


def _finding(assessment: Assessment) -> str:
    if assessment.vbmd_mg_cm3 is None or assessment.ci95_mg_cm3 is None:
        reasons = " ".join(reason.text for reason in assessment.reasons)
        return f"Bone density could not be assessed from this CT. {reasons}"
    low, high = assessment.ci95_mg_cm3
    origin = f"; estimated from {levels_words(assessment.levels_used)}" if is_estimate(assessment) else ""
    value = (
        f"Trabecular bone density at L1-L2 by CT: {assessment.vbmd_mg_cm3:.1f} mg/cm3 "
        f"(95 % interval {low:.1f} to {high:.1f}, {assessment.basis} basis{origin})"
    )
    return f"{value}: {_CATEGORIES[assessment.category]}." if assessment.category else f"{value}."
