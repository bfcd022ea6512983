"""Whether a result deserves a card, how loud it is, and whether DXA is suggested.

category             card      indicator                                     DXA
osteoporosis-range   always    warning; info on a scanner not calibrated     suggested
low                  always    info                                          suggested
indeterminate        always    info, if the interval reaches below 80        suggested
                     once      info, otherwise                               -
normal               quiet     info where the site wants to see it           -
none (under 50)      quiet                                                   -
not assessable       once      info                                          -

Height loss of 25 % or more at a named level, "please look at the images", overrides quiet.

"once" is once for each result and user.
"""

from dataclasses import dataclass

from cds.bone.assessment import Assessment
from cds.bone.words import possible_fractures, reaches_below_80
from cds.hooks.messages import Indicator


@dataclass(frozen=True, slots=True)
class Presentation:
    """How a result is shown."""

    indicator: Indicator = "info"
    suggest_dxa: bool = False
    once: bool = False


def judge(assessment: Assessment, *, show_normal: bool) -> Presentation | None:
    """The row of the table above; None for no card."""
    if assessment.status == "not-assessable":
        return Presentation(once=True)
    match assessment.category:
        case "osteoporosis-range":
            uncertain = "scanner-not-calibrated" in assessment.flags
            return Presentation("info" if uncertain else "warning", suggest_dxa=True)
        case "low":
            return Presentation(suggest_dxa=True)
        case "indeterminate":
            possible = reaches_below_80(assessment)
            return Presentation(suggest_dxa=possible, once=not possible)
        case category if possible_fractures(assessment) or (category == "normal" and show_normal):
            return Presentation()
        case _:
            return None
