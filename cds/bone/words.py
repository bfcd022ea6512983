"""Numbers, dates and flags in words that a clinician reads at a glance."""

import math
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import pairwise
from types import MappingProxyType

from cds.bone.anatomy import VertebralLevel
from cds.bone.assessment import Assessment, Category, Interval
from cds.bone.category import OSTEOPOROSIS_BELOW_MG_CM3, THRESHOLDS_MG_CM3

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_STANDS_FOR = frozenset({VertebralLevel.L1, VertebralLevel.L2})

RULE_IN_ONLY = "It raises suspicion; it cannot rule out low bone density."
"""What stands beside every value."""

CATEGORIES: Mapping[Category | None, str] = MappingProxyType(
    {
        "osteoporosis-range": "osteoporosis range",
        "low": "low",
        "normal": "above 120",
        "indeterminate": "no category possible",
        None: "no category",
    }
)

FLAGS: Mapping[str, str] = MappingProxyType(
    {
        "age-unknown": "The patient's age at the scan is unknown; the category assumes 50 years or more.",
        "air-offset": "Air in the images is off its nominal -1000 HU.",
        "arterial-phase": "The scan was made in an early (arterial) phase of contrast, as the aorta shows.",
        "contrast-enhanced": "Contrast medium raises the reading: the value is an upper estimate.",
        "contrast-unknown": "Contrast medium could not be excluded: the value is taken as an upper estimate.",
        "focal-low": "One vertebra is far less dense than its neighbours: please look at it.",
        "fov-cuts-back": "The field of view cuts the muscles of the back.",
        "fov-narrow": "The field of view shows so little of the body that its size is hardly known.",
        "fov-truncated": "The body is cut by the field of view, which makes its size uncertain.",
        "height-loss-mild": "A vertebra has lost 20 to 25 % of its height (mild).",
        "height-loss-moderate": "A vertebra has lost 25 to 40 % of its height (moderate).",
        "height-loss-severe": "A vertebra has lost more than 40 % of its height (severe).",
        "height-reduced": "A vertebra has lost some of its height.",
        "identity-unverified": "Neither birth date nor sex could be compared: the patient is not confirmed.",
        "kernel-sharp": "The reconstruction kernel is sharp, which adds noise.",
        "kvp-uncommon": "The tube voltage is outside the usual 80 to 140 kVp.",
        "level-ambiguous": "The vertebrae may be named one level too high or too low.",
        "lossy-compression": "The images were compressed with loss, which can change Hounsfield units.",
        "mirrored": "Organs lie on the unusual side: situs inversus, or images whose left and right are exchanged.",
        "near-120": "The interval crosses 120 mg/cm3, the border of the low range.",
        "near-80": "The interval crosses 80 mg/cm3, the border of the osteoporosis range.",
        "noisy": "Image noise widens the interval.",
        "roi-small": "The measured region of a vertebra is small.",
        "scanner-not-calibrated": "No calibration of this scanner is on file: the interval is wider.",
        "single-level": "Only one vertebra could be measured: the interval is wider.",
        "slices-thick": "The slices are thicker than 3 mm.",
        "streak": "Streaks beside dense contrast may lower the reading.",
        "streaky": "Streaks cross the images beside a vertebra and may change its reading.",
        "texture-sharp": "The noise of the images is that of a sharp reconstruction kernel.",
        "thoracic-estimate": "Estimated from thoracic vertebrae: far less certain than L1 and L2.",
        "calibrations-differ": "Calibrations by different tissues of the patient differ more than usual.",
        "tissue-unusual": "Fat, muscle or blood reads unusually; it was left out of the calibration.",
        "tilted": "The slices are tilted against the body axis.",
        "uneven": "The vertebrae differ more than usual.",
    }
)


def day_words(day: date | None) -> str:
    """Such as "3 May 2025"."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}" if day else "date unknown"


def mg_words(vbmd_mg_cm3: float) -> str:
    """Whole mg/cm3, with a decimal where rounding would reach a threshold: 79.97 reads 79.9, not 80."""
    whole = whole_mg_cm3(vbmd_mg_cm3)
    if whole in THRESHOLDS_MG_CM3 and vbmd_mg_cm3 != whole:
        away = math.floor if vbmd_mg_cm3 < whole else math.ceil
        return f"{away(vbmd_mg_cm3 * 10) / 10:.1f}"
    return str(whole)


def percent_words(probability: float) -> str:
    """Such as "91 %"; never 0 or 100, which no measurement supports."""
    if probability > 0.99:
        return "above 99 %"
    return "below 1 %" if probability < 0.01 else f"{100 * probability:.0f} %"


def interval_words(interval: Interval) -> str:
    """Such as "66-79"; both ends by the rule of `mg_words`, so that a threshold lies inside only where it does."""
    low, high = interval
    return f"{mg_words(low)}-{mg_words(high)}"


def levels_words(levels: Sequence[VertebralLevel]) -> str:
    """Such as "L1-L2" for neighbours, "T12, L3" otherwise."""
    order = list(VertebralLevel)
    places = sorted(order.index(level) for level in levels)
    names = [order[place].value for place in places]
    if len(names) > 1 and all(after - before == 1 for before, after in pairwise(places)):
        return f"{names[0]}-{names[-1]}"
    return ", ".join(names)


def flag_words(code: str) -> str:
    """A sentence for a quality flag; one without a sentence of its own is spelt out."""
    return FLAGS.get(code, f"{code.replace('-', ' ').capitalize()}.")


def category_words(assessment: Assessment) -> str:
    """The category by the ACR QCT thresholds; never a diagnosis, never a T-score."""
    if assessment.category == "low" and (assessment.probability_osteoporosis_range or 0.0) >= 0.10:
        return "low, osteoporosis range not excluded"
    if assessment.category == "indeterminate" and reaches_below_80(assessment):
        return "may lie in the osteoporosis range"
    return CATEGORIES[assessment.category]


def fractured_levels(assessment: Assessment) -> tuple[VertebralLevel, ...]:
    """Levels that have lost a quarter of their height or more, measured or not."""
    return tuple(each.level for each in assessment.height_losses)


def possible_fractures(assessment: Assessment) -> tuple[str, ...]:
    """One sentence for each such level; never a diagnosis."""
    return tuple(
        f"{each.level.value}: {each.percent:.0f} % height loss, possible fracture, please look at the images."
        for each in assessment.height_losses
    )


def reaches_below_80(assessment: Assessment) -> bool:
    """Whether the interval leaves the osteoporosis range possible."""
    return assessment.ci95_mg_cm3 is not None and assessment.ci95_mg_cm3[0] < OSTEOPOROSIS_BELOW_MG_CM3


def is_estimate(assessment: Assessment) -> bool:
    """Whether the value was measured in other vertebrae than L1 and L2, for which it always stands."""
    return bool(assessment.levels_used) and set(assessment.levels_used) != _STANDS_FOR


def levels_are_upper_estimates(assessment: Assessment) -> bool:
    """Whether contrast medium may raise what each vertebra reads, also where there is no value for the patient."""
    return assessment.contrast.state != "none"


def whole_mg_cm3(vbmd_mg_cm3: float) -> int:
    """Rounded half up; density is never below 0."""
    return max(0, math.floor(vbmd_mg_cm3 + 0.5))
