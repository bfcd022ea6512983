"""What report and notes say to people, in whole sentences."""

from cds.bone.assessment import Assessment
from cds.bone.words import possible_fractures

RAISES_SUSPICION = "It raises suspicion; it cannot rule out low bone density."
UPPER_ESTIMATE = (
    "Upper estimate: contrast medium, or the possibility of it, raises the reading; the true value may be lower."
)

_CATEGORIES = {
    "osteoporosis-range": "below 80 mg/cm3, the osteoporosis range of quantitative CT",
    "low": "between 80 and 120 mg/cm3, low bone density by quantitative CT",
    "normal": "above 120 mg/cm3, the normal range of quantitative CT",
    "indeterminate": "no category can be given",
}


def conclusion(assessment: Assessment, notice: str) -> str:
    """The report in a few sentences; the notice always stands at its end."""
    sentences = [_finding(assessment)]
    if assessment.interval_kind == "upper-estimate":
        sentences.append(UPPER_ESTIMATE)
    sentences += possible_fractures(assessment)
    if assessment.status == "assessed":
        sentences.append(RAISES_SUSPICION)
    return " ".join([*sentences, notice])


def notes(assessment: Assessment, notice: str) -> list[str]:
    """What goes with every value wherever it is shown alone."""
    upper = [UPPER_ESTIMATE] if assessment.interval_kind == "upper-estimate" else []
    return [notice, *upper, *([RAISES_SUSPICION] if assessment.status == "assessed" else [])]


def _finding(assessment: Assessment) -> str:
    if assessment.vbmd_mg_cm3 is None or assessment.ci95_mg_cm3 is None:
        reasons = " ".join(reason.text for reason in assessment.reasons)
        return f"Bone density could not be assessed from this CT. {reasons}"
    low, high = assessment.ci95_mg_cm3
    value = (
        f"Trabecular bone density of {', '.join(assessment.levels_used)} by CT: {assessment.vbmd_mg_cm3:.1f} mg/cm3 "
        f"(95 % interval {low:.1f} to {high:.1f}, {assessment.basis} basis)"
    )
    return f"{value}: {_CATEGORIES[assessment.category]}." if assessment.category else f"{value}."
