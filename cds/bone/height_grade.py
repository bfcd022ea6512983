"""The grade of a loss of height: Genant 1993 calls 20-25 % mild, 25-40 % moderate, more severe."""

from typing import Final, Literal

Grade = Literal["none", "mild", "moderate", "severe"]

MILD_FROM_PERCENT: Final = 20.0
MODERATE_FROM_PERCENT: Final = 25.0
SEVERE_OVER_PERCENT: Final = 40.0


def grade_of(loss_percent: float) -> Grade:
    """Genant's grade of a loss."""
    if loss_percent < MILD_FROM_PERCENT:
        return "none"
    if loss_percent < MODERATE_FROM_PERCENT:
        return "mild"
    return "moderate" if loss_percent <= SEVERE_OVER_PERCENT else "severe"
