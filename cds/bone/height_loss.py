"""How much height a body has lost: against its own back, and against its neighbours.

Genant 1993 compares the anterior and middle height with the posterior one, or, where all three fell alike
(crush), with the vertebrae beside it. Heights of neighbours are compared by the mean of the three and in
the proportion of their levels (`cds.bone.reference_body`); among bodies that lost nothing it scatters by
3 to 5 %.

At least two bodies within three levels must be whole and unharmed; those that lost a fifth are left out,
the lowest first. Hence unseen: a crush where most neighbours are crushed, or too few are in the scan.
"""

from collections.abc import Mapping
from typing import Final

import numpy as np

from cds.bone.anatomy import VertebralLevel
from cds.bone.body_shape import height_factor
from cds.bone.height_grade import MILD_FROM_PERCENT
from cds.bone.vertebral_height import BodyHeights

NEIGHBOURS_WITHIN: Final = 3
FEWEST_NEIGHBOURS: Final = 2

_DECIMALS: Final = 6
"""Of a loss in percent: what is equal but for the last binary digit falls on one side of a limit."""

_ORDER: Final = list(VertebralLevel)


def losses_against_neighbours(heights: Mapping[VertebralLevel, BodyHeights]) -> dict[VertebralLevel, float]:
    """Loss in percent by level, at least 0, for those with enough unharmed neighbours."""
    factors = {level: height_factor(each.mean, level) for level, each in heights.items()}
    unharmed = {level for level, each in heights.items() if each.loss_percent < MILD_FROM_PERCENT}
    while True:
        losses = {
            level: max(0.0, round(100 * (1 - factor / expected), _DECIMALS))
            for level, factor in factors.items()
            if (expected := _expected(level, factors, unharmed)) is not None
        }
        lowest = max((level for level in losses if level in unharmed), key=losses.__getitem__, default=None)
        if lowest is None or losses[lowest] < MILD_FROM_PERCENT:
            return losses
        unharmed.remove(lowest)


def _expected(
    level: VertebralLevel, factors: Mapping[VertebralLevel, float], unharmed: set[VertebralLevel]
) -> float | None:
    """The height factor that the unharmed neighbours suggest; None where they are too few."""
    beside = [
        factors[other]
        for other in unharmed
        if other != level and abs(_ORDER.index(other) - _ORDER.index(level)) <= NEIGHBOURS_WITHIN
    ]
    return float(np.median(beside)) if len(beside) >= FEWEST_NEIGHBOURS else None
