"""Anterior, middle and posterior height of a body, for the suspicion of a fracture.

Genant 1993 grades a vertebra by the loss of anterior or middle height against the posterior one:
20-25 % mild, 25-40 % moderate, more severe. Heights are read where masks are sure, at 20, 50 and 80 %
of the depth, not at the rims: a straight wedge of 38 % reads 25 %. What is reported is therefore
rarely wrong, and mild fractures go unseen. A body that collapsed evenly shows beside its neighbours
only: `cds.bone.height_loss`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cds.bone.body_frame import STEP_MM, BodyFrame

MIDLINE_MM = 7.0
"""Half the width of the strip beside the midline in which heights are read."""

PARTS = {"anterior": (0.10, 0.30), "middle": (0.40, 0.60), "posterior": (0.70, 0.90)}
"""Share of the depth, from the anterior wall; the rounded rims themselves are left out."""


@dataclass(frozen=True, slots=True)
class BodyHeights:
    """Heights in mm."""

    anterior: float
    middle: float
    posterior: float

    @property
    def mean(self) -> float:
        """Mean of the three."""
        return (self.anterior + self.middle + self.posterior) / 3

    @property
    def loss_percent(self) -> float:
        """Loss of the lower of anterior and middle height against the posterior one; at least 0, and 0 without one."""
        if self.posterior <= 0:
            return 0.0
        return max(0.0, 100 * (1 - min(self.anterior, self.middle) / self.posterior))


def heights_of(frame: BodyFrame) -> BodyHeights:
    """Median height of the columns beside the midline, by part of the depth."""
    heights = frame.probability.sum(axis=0) * STEP_MM
    found = {part: heights[columns] for part, columns in columns_of(frame).items()}
    return BodyHeights(
        **{part: float(np.median(own[own > 0])) if (own > 0).any() else 0.0 for part, own in found.items()}
    )


def columns_of(frame: BodyFrame) -> dict[str, NDArray[np.bool_]]:
    """Which columns (depth, width) beside the midline belong to each part of the depth."""
    footprint: NDArray[np.bool_] = np.asarray(frame.inside.any(axis=0))
    width = np.arange(footprint.shape[1], dtype=np.float64)
    midline = float(np.average(width, weights=footprint.sum(axis=0)))
    strip = np.abs(width - midline) * STEP_MM <= MIDLINE_MM
    rows = np.flatnonzero(footprint[:, strip].any(axis=1))
    anterior, depth = float(rows[0]), float(rows[-1] - rows[0])
    position = np.arange(footprint.shape[0], dtype=np.float64)
    return {
        part: ((position >= anterior + start * depth) & (position <= anterior + stop * depth))[:, None] & strip
        for part, (start, stop) in PARTS.items()
    }
