"""The one line that every clinician reads: less than 140 characters."""

from collections.abc import Sequence

from cds.bone.anatomy import VertebralLevel
from cds.bone.assessment import Assessment, Interval
from cds.bone.words import (
    category_words,
    day_words,
    fractured_levels,
    interval_words,
    levels_words,
    mg_words,
    reaches_below_80,
)

LONGEST = 139
_WANTED = (VertebralLevel.L1, VertebralLevel.L2)


def summary_of(assessment: Assessment) -> str:
    """What was found, how sure it is, what to consider; the first wording that is short enough.

    The advice goes first: the card's suggestion repeats it.
    """
    if assessment.vbmd_mg_cm3 is None or assessment.ci95_mg_cm3 is None:
        return f"{_when(assessment)}: bone density could not be assessed"
    if assessment.category in ("normal", None) and (suspect := fractured_levels(assessment)):
        return _fracture_summary(assessment, suspect, assessment.vbmd_mg_cm3, assessment.ci95_mg_cm3)
    start = f"{_when(assessment)}: L1-L2 bone density {mg_words(assessment.vbmd_mg_cm3)} mg/cm3"
    interval, origin = interval_words(assessment.ci95_mg_cm3), _origin(assessment)
    finding, advice = category_words(assessment), _advice(assessment)
    kind, cause = _kind(assessment)
    candidates = (
        f"{start} ({interval}{origin}{kind}{cause}), {finding}{advice}",
        f"{start} ({interval}{origin}{kind}{cause}), {finding}",
        f"{start} ({interval}{origin}{kind}), {finding}{advice}",
        f"{start} ({interval}{origin}{kind}), {finding}",
        f"{start} ({interval}{kind}), {finding}",
    )
    return next((each for each in candidates if len(each) <= LONGEST), candidates[-1])


def _fracture_summary(
    assessment: Assessment, suspect: Sequence[VertebralLevel], vbmd_mg_cm3: float, ci95_mg_cm3: Interval
) -> str:
    """Lost height that speaks over a density which would have stayed quiet."""
    value = f"{mg_words(vbmd_mg_cm3)} mg/cm3 ({interval_words(ci95_mg_cm3)}{_kind(assessment)[0]})"
    candidates = (
        f"{_when(assessment)}: possible fracture of {where}please look at the images; {value}"
        for where in (f"{levels_words(suspect)}, ", f"{len(suspect)} vertebrae, ")
    )
    return next(each for each in candidates if len(each) <= LONGEST)


def _when(assessment: Assessment) -> str:
    return f"Earlier CT ({day_words(assessment.acquisition.study_date)})"


def _origin(assessment: Assessment) -> str:
    """Which vertebrae stand for L1-L2, where it is not those two."""
    return "" if set(assessment.levels_used) == set(_WANTED) else f" from {levels_words(assessment.levels_used)}"


def _kind(assessment: Assessment) -> tuple[str, str]:
    if assessment.interval_kind != "upper-estimate":
        return "", ""
    enhanced = assessment.contrast.state == "enhanced"
    return "; upper estimate", ", contrast-enhanced" if enhanced else ", contrast not excluded"


def _advice(assessment: Assessment) -> str:
    match assessment.category:
        case "osteoporosis-range" | "low":
            return "; consider DXA"
        case "indeterminate" if reaches_below_80(assessment):
            return "; consider DXA"
        case "normal":
            return "; does not rule out osteoporosis"
        case _:
            return ""
