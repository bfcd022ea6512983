"""From the patient's value to a category, by the thresholds of QCT of the lumbar spine.

ACR QCT practice parameter and Chinese QCT guideline 2018 (PMC7495321): below 80 mg/cm3
osteoporosis range, 80 to 120 low, above 120 normal; for postmenopausal women and men of 50 and
over, on the K2HPO4 scale. Never a T-score: that belongs to DXA.

The category follows the point value; an interval that crosses a threshold is a flag. Only
contrast, a thoracic estimate, and an interval that is both wider than 50 mg/cm3 and crosses a
threshold make it indeterminate.
"""

from dataclasses import dataclass
from typing import Final

from cds.bone.assessment import Category, ContrastState, Interval, IntervalKind
from cds.bone.contrast import CONTRAST_SHIFT_MG_CM3, lowered

OSTEOPOROSIS_BELOW_MG_CM3: Final = 80.0
NORMAL_ABOVE_MG_CM3: Final = 120.0
THRESHOLDS_MG_CM3: Final = (OSTEOPOROSIS_BELOW_MG_CM3, NORMAL_ABOVE_MG_CM3)
ADULT_THRESHOLDS_FROM_YEARS: Final = 50
WIDEST_INTERVAL_MG_CM3: Final = 50.0

MAY_BE_OSTEOPOROSIS_BELOW_MG_CM3: Final = OSTEOPOROSIS_BELOW_MG_CM3 + CONTRAST_SHIFT_MG_CM3

THORACIC_INDETERMINATE_BELOW_MG_CM3: Final = 90.0
"""A thoracic estimate between 80 and 90 on the L1-L2 scale: Budoff 2012 and MESA place 80 differently."""


@dataclass(frozen=True, slots=True)
class CategoryCall:
    """The category, the interval as it is to be shown, and what to say about both."""

    category: Category | None
    """None below 50 years: the thresholds do not apply."""
    ci95_mg_cm3: Interval
    interval_kind: IntervalKind
    flags: tuple[str, ...] = ()


def categorise(
    vbmd_mg_cm3: float,
    ci95_mg_cm3: Interval,
    *,
    contrast: ContrastState,
    age_years: int | None,
    thoracic: bool = False,
) -> CategoryCall:
    """Apply the rules.

    `ci95_mg_cm3`: two-sided, as measured. Contrast, or not knowing, widens it downwards by 25.
    `age_years`: at the scan; None gives a category with the flag age-unknown.
    """
    shown = lowered(ci95_mg_cm3, contrast)
    kind: IntervalKind = "two-sided" if contrast == "none" else "upper-estimate"
    unknown = ("age-unknown",) if age_years is None else ()
    if age_years is not None and age_years < ADULT_THRESHOLDS_FROM_YEARS:
        return CategoryCall(None, shown, kind)
    if ci95_mg_cm3[1] - ci95_mg_cm3[0] > WIDEST_INTERVAL_MG_CM3 and _near(ci95_mg_cm3):
        category: Category = "indeterminate"
    elif contrast != "none":
        category = _under_contrast(vbmd_mg_cm3)
    else:
        category = _unenhanced(vbmd_mg_cm3)
    if thoracic:
        category = _thoracic(category, vbmd_mg_cm3)
    return CategoryCall(category, shown, kind, (*unknown, *_near(shown)))


def _unenhanced(vbmd_mg_cm3: float) -> Category:
    if vbmd_mg_cm3 < OSTEOPOROSIS_BELOW_MG_CM3:
        return "osteoporosis-range"
    return "low" if vbmd_mg_cm3 <= NORMAL_ABOVE_MG_CM3 else "normal"


def _under_contrast(vbmd_mg_cm3: float) -> Category:
    """The uncorrected value is an upper estimate: it may hide osteoporosis, and is never normal."""
    if vbmd_mg_cm3 < OSTEOPOROSIS_BELOW_MG_CM3:
        return "osteoporosis-range"
    if vbmd_mg_cm3 < MAY_BE_OSTEOPOROSIS_BELOW_MG_CM3:
        return "indeterminate"
    return "low" if vbmd_mg_cm3 <= NORMAL_ABOVE_MG_CM3 else "indeterminate"


def _thoracic(category: Category, vbmd_mg_cm3: float) -> Category:
    """A thoracic estimate is never normal, and indeterminate just above the threshold."""
    doubtful = OSTEOPOROSIS_BELOW_MG_CM3 <= vbmd_mg_cm3 < THORACIC_INDETERMINATE_BELOW_MG_CM3
    return "indeterminate" if doubtful or category == "normal" else category


def thresholds_within(interval: Interval) -> tuple[float, ...]:
    """Those that lie inside the interval."""
    low, high = interval
    return tuple(threshold for threshold in THRESHOLDS_MG_CM3 if low < threshold < high)


def _near(interval: Interval) -> tuple[str, ...]:
    """Flags for the thresholds that lie inside the interval."""
    return tuple(f"near-{threshold:.0f}" for threshold in thresholds_within(interval))
