"""The other way to calibrate: a straight line through two tissues of the patient.

Far less exact than a slope from physics (one HU of muscle moves it by 1.1 mg/cm3 where bone is thin),
but made of other assumptions: where they disagree grossly, something is wrong with the scan.

    density of a tissue = what it is expected to read / slope,   on the scale of K2HPO4
    density of the bone = d1 + (HU - HU1) (d2 - d1) / (HU2 - HU1)
"""

from dataclasses import dataclass
from typing import Final

AIR_HU: Final = -1000.0
LEAST_APART_HU: Final = 50.0
"""Two tissues that read more alike make no line."""


@dataclass(frozen=True, slots=True)
class TissuePoint:
    """What a tissue reads in this scan and what it is expected to read."""

    hu: float
    expected_hu: float


def line_through(one: TissuePoint, other: TissuePoint, slope_hu_per_mg_cm3: float) -> tuple[float, float] | None:
    """Slope (HU per mg/cm3) and offset (HU) of the line; None where the two read too much alike.

    With both as expected it is the given slope, without offset.
    """
    apart_hu = other.hu - one.hu
    expected_apart_mg_cm3 = (other.expected_hu - one.expected_hu) / slope_hu_per_mg_cm3
    if abs(apart_hu) < LEAST_APART_HU:
        return None
    slope = apart_hu / expected_apart_mg_cm3
    return slope, one.hu - slope * one.expected_hu / slope_hu_per_mg_cm3
