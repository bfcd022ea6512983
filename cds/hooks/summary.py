"""The one line that every clinician reads: less than 140 characters."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

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
)
from cds.hooks.judgement import SUGGEST, SUPPORT, Presentation, Remark

LONGEST = 139
_OF_THE_CHART: Mapping[Remark, str] = MappingProxyType(
    {"no treatment on record": "; no treatment on record", "CT and DXA disagree": "; CT and DXA disagree"}
)
"""What of the chart is worth a place in the line; the detail says all of it."""


def summary_of(assessment: Assessment, shown_as: Presentation, *, is_corrected: bool = False) -> str:
    """What was found, how sure it is, what to consider; the first wording that is short enough.

    That a reader has corrected it is said while there is a place for it.
    A possible fracture comes first, unless the density is low by itself: then the card's detail names it.
    """
    suspect = fractured_levels(assessment)
    if suspect and assessment.category not in ("osteoporosis-range", "low"):
        wordings = _fracture_wordings(assessment, suspect, _advice(assessment, shown_as))
        return _shortened(_marked(wordings, is_corrected=is_corrected))
    if assessment.vbmd_mg_cm3 is None:
        return f"{_when(assessment)}: {_value(assessment)}"
    wordings = _density_wordings(assessment, _chart(shown_as), _advice(assessment, shown_as))
    return _shortened(_marked(wordings, is_corrected=is_corrected))


def _marked(wordings: Sequence[str], *, is_corrected: bool) -> Sequence[str]:
    marked = [each.replace("Earlier CT", "Corrected by a reader: earlier CT", 1) for each in wordings]
    return (*marked, *wordings) if is_corrected else wordings


def _shortened(wordings: Sequence[str]) -> str:
    return next((each for each in wordings if len(each) <= LONGEST), wordings[-1])


def _density_wordings(assessment: Assessment, chart: str, advice: str) -> Sequence[str]:
    """Longest first. The advice is left out first: the card's detail or suggestion repeats it."""
    start, origin = f"{_when(assessment)}: L1-L2 bone density ", _origin(assessment)
    finding, cause = category_words(assessment), _cause(assessment)
    return (
        f"{start}{_value(assessment, origin, cause)}, {finding}{chart}{advice}",
        f"{start}{_value(assessment, origin, cause)}, {finding}{chart}",
        f"{start}{_value(assessment, origin)}, {finding}{chart}{advice}",
        f"{start}{_value(assessment, origin)}, {finding}{chart}",
        f"{start}{_value(assessment)}, {finding}{chart}",
        f"{start}{_value(assessment)}, {finding}",
    )


def _fracture_wordings(assessment: Assessment, suspect: Sequence[VertebralLevel], advice: str) -> Sequence[str]:
    """Longest first; neither the request to look nor the value is ever left out."""
    named, counted = (
        f"{_when(assessment)}: possible fracture of {where}, please look at the images; "
        for where in (levels_words(suspect), f"{len(suspect)} vertebrae")
    )
    value = _value(assessment)
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


def _chart(shown_as: Presentation) -> str:
    return next((_OF_THE_CHART[remark] for remark in shown_as.remarks if remark in _OF_THE_CHART), "")


def _advice(assessment: Assessment, shown_as: Presentation) -> str:
    if assessment.category == "normal":
        return "; does not rule out osteoporosis"
    return {SUGGEST: "; consider DXA", SUPPORT: "; supports the DXA being ordered"}.get(shown_as.dxa, "")
