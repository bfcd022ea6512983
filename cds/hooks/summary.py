"""The one line that every clinician reads: less than 140 characters."""

from collections.abc import Sequence

from cds.bone.anatomy import VertebralLevel
from cds.bone.assessment import Assessment
from cds.bone.words import (
    category_words,
    day_words,
    fractured_levels,
    interval_words,
    is_estimate,
    levels_words,
    mg_words,
    reaches_below_80,
)

LONGEST = 139


def summary_of(assessment: Assessment, *, dxa_ordered: bool = False) -> str:
    """What was found, how sure it is, what to consider; the first wording that is short enough.

    A possible fracture comes first, unless the density is low by itself: then the card's detail names it.
    """
    suspect = fractured_levels(assessment)
    if suspect and assessment.category not in ("osteoporosis-range", "low"):
        return _shortened(_fracture_wordings(assessment, suspect, dxa_ordered=dxa_ordered))
    if assessment.vbmd_mg_cm3 is None:
        return f"{_when(assessment)}: {_value(assessment)}"
    return _shortened(_density_wordings(assessment, dxa_ordered=dxa_ordered))


def _shortened(wordings: Sequence[str]) -> str:
    return next((each for each in wordings if len(each) <= LONGEST), wordings[-1])


def _density_wordings(assessment: Assessment, *, dxa_ordered: bool) -> Sequence[str]:
    """Longest first. The advice is left out first: the card's detail or suggestion repeats it."""
    start, origin = f"{_when(assessment)}: L1-L2 bone density ", _origin(assessment)
    finding, advice = category_words(assessment), _advice(assessment, dxa_ordered=dxa_ordered)
    cause = _cause(assessment)
    return (
        f"{start}{_value(assessment, origin, cause)}, {finding}{advice}",
        f"{start}{_value(assessment, origin, cause)}, {finding}",
        f"{start}{_value(assessment, origin)}, {finding}{advice}",
        f"{start}{_value(assessment, origin)}, {finding}",
        f"{start}{_value(assessment)}, {finding}",
    )


def _fracture_wordings(
    assessment: Assessment, suspect: Sequence[VertebralLevel], *, dxa_ordered: bool
) -> Sequence[str]:
    """Longest first; neither the request to look nor the value is ever left out."""
    named, counted = (
        f"{_when(assessment)}: possible fracture of {where}, please look at the images; "
        for where in (levels_words(suspect), f"{len(suspect)} vertebrae")
    )
    value, advice = _value(assessment), _advice(assessment, dxa_ordered=dxa_ordered)
    if assessment.vbmd_mg_cm3 is None:
        return named + value, counted + value
    finding = f", {category_words(assessment)}" if assessment.category else ""
    return (
        f"{named}L1-L2 bone density {value}{finding}{advice}",
        f"{named}L1-L2 bone density {value}{finding}",
        f"{named}{value}{finding}",
        f"{named}{value}{advice}",
        f"{named}{value}",
        f"{counted}{value}",
    )


def _when(assessment: Assessment) -> str:
    return f"Earlier CT ({day_words(assessment.acquisition.study_date)})"


def _value(assessment: Assessment, origin: str = "", cause: str = "") -> str:
    """Such as "72 mg/cm3 (66-79)", or that there is none; an upper estimate is always called one."""
    if assessment.vbmd_mg_cm3 is None or assessment.ci95_mg_cm3 is None:
        return "bone density could not be assessed"
    kind = f"; upper estimate{cause}" if assessment.interval_kind == "upper-estimate" else ""
    return f"{mg_words(assessment.vbmd_mg_cm3)} mg/cm3 ({interval_words(assessment.ci95_mg_cm3)}{origin}{kind})"


def _origin(assessment: Assessment) -> str:
    """Which vertebrae stand for L1-L2, where it is not those two."""
    return f" from {levels_words(assessment.levels_used)}" if is_estimate(assessment) else ""


def _cause(assessment: Assessment) -> str:
    """Why the value is an upper estimate."""
    return ", contrast-enhanced" if assessment.contrast.state == "enhanced" else ", contrast not excluded"


def _advice(assessment: Assessment, *, dxa_ordered: bool) -> str:
    dxa = "; supports the DXA being ordered" if dxa_ordered else "; consider DXA"
    match assessment.category:
        case "osteoporosis-range" | "low":
            return dxa
        case "indeterminate" if reaches_below_80(assessment):
            return dxa
        case "normal":
            return "; does not rule out osteoporosis"
        case _:
            return ""
