"""Whether a result deserves a card, how loud it is, and whether DXA is suggested.

A possible fracture is looked for first. With one, there is a card every time: as below, but
never once and never quiet. It suggests nothing by itself but "please look at the images".

category             card      indicator                                     DXA
osteoporosis-range   always    warning; info on a scanner not calibrated     suggested
low                  always    info                                          suggested
indeterminate        always    info, if the interval reaches below 80        suggested
                     once      info, otherwise                               -
normal               quiet     info where the site wants to see it           -
none (under 50)      quiet                                                   -
not assessable       once      info                                          -

"once" is once for each result and user.
"""

from dataclasses import dataclass, replace

from cds.bone.assessment import Assessment
from cds.bone.words import fractured_levels, reaches_below_80
from cds.hooks.messages import Indicator


@dataclass(frozen=True, slots=True)
class Presentation:
    """How a result is shown."""

    indicator: Indicator = "info"
    suggest_dxa: bool = False
    once: bool = False


def judge(assessment: Assessment, *, show_normal: bool) -> Presentation | None:
    """What the module says above; None for no card."""
    if fractured_levels(assessment):
        return replace(_by_density(assessment, show_normal=True) or Presentation(), once=False)
    return _by_density(assessment, show_normal=show_normal)


def _by_density(assessment: Assessment, *, show_normal: bool) -> Presentation | None:
    """The row of the table above."""
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
        case "normal" if show_normal:
            return Presentation()
        case _:
            return None
