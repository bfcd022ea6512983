"""The difference between two CTs in words that agree with what is said of it."""

from dataclasses import dataclass
from math import ceil, floor

from cds.bone.trend import Comparison

_SIGNS = {-1: "\N{MINUS SIGN}", 0: "", 1: "+"}


@dataclass(frozen=True, slots=True)
class DifferenceWords:
    """mg/cm3; `signed` is `amount` with its sign, and no sign where it reads 0."""

    signed: str
    amount: str
    needed: str
    """What has to be exceeded."""


def difference_words(comparison: Comparison) -> DifferenceWords:
    """Whole mg/cm3, or a decimal where whole ones would contradict the verdict: 8 is not more than 8, 8.3 than 7.9 is.

    Raises ValueError where the two cannot be compared.
    """
    difference, needed = comparison.difference_mg_cm3, comparison.needed_mg_cm3
    if difference is None or needed is None:
        raise ValueError("no difference between CTs that cannot be compared")
    amount = abs(difference)
    is_change = comparison.verdict != "no-change-shown"
    shown: tuple[float, float] = round(amount), round(needed)
    if (shown[0] > shown[1]) is not is_change:
        away = (ceil, floor) if is_change else (floor, ceil)
        # Values are multiples of 0.1 but for what floating point makes of them; what is needed is not.
        shown = away[0](round(amount * 10, 6)) / 10, away[1](needed * 10) / 10
    sign = (difference > 0) - (difference < 0) if shown[0] else 0
    return DifferenceWords(f"{_SIGNS[sign]}{shown[0]}", str(shown[0]), str(shown[1]))
