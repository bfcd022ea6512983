"""Which vertebrae make the result, and how the others are converted to the mean of L1 and L2.

Budoff 2012 (Acad Radiol 19:179, 300 people) gives each level's mean against L1-L3: women and men
T7 +12.3/+14.2 %, T10 +8.6/+7.5 %, T12 +4.9/+3.1 %, L3 -3.3/-2.7 %. Averaged over sexes, taken
against L1-L2 (1.5 % above L1-L3), and straight between T7, T10 and T12. A ratio does not shrink
extremes towards the mean, as a regression would: with r = 0.91 that costs 12 mg/cm3 in osteoporosis.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from cds.bone.anatomy import VertebralLevel as Level


@dataclass(frozen=True, slots=True)
class Conversion:
    """How one level stands for L1-L2."""

    ratio: float
    """This level's vBMD over the mean of L1 and L2."""
    residual_sd_mg_cm3: float
    """How far the converted value scatters about the mean of L1 and L2."""


CONVERSIONS: Final[Mapping[Level, Conversion]] = MappingProxyType(
    {
        # residuals: 36 mg/cm3 sqrt(1 - r^2), r with L1-L3 from Budoff 2012; thoracic at least 16
        Level.T7: Conversion(1.116, 17.0),
        Level.T8: Conversion(1.099, 16.5),
        Level.T9: Conversion(1.082, 16.0),
        Level.T10: Conversion(1.065, 16.0),
        Level.T11: Conversion(1.045, 16.0),
        Level.T12: Conversion(1.025, 11.0),
        Level.L1: Conversion(1.0, 0.0),
        Level.L2: Conversion(1.0, 0.0),
        Level.L3: Conversion(0.956, 8.0),
    }
)

TARGET: Final = (Level.L1, Level.L2)
SUBSTITUTES: Final = (Level.L3, Level.T12)
"""The better correlated first."""
THORACIC: Final = (Level.T11, Level.T10, Level.T9, Level.T8, Level.T7)
"""The lowest first."""
THORACIC_COUNT: Final = 3
THORACIC_SD_MG_CM3: Final = 16.0
SPREAD_BETWEEN_VERTEBRAE_MG_CM3: Final = 8.0
"""Between neighbours: 36 mg/cm3 sqrt(2 (1 - 0.975)); what a single vertebra may differ by."""


@dataclass(frozen=True, slots=True)
class LevelChoice:
    """The levels whose converted mean is the result, and what to say about them."""

    levels: tuple[Level, ...]
    residual_sd_mg_cm3: float
    flags: tuple[str, ...] = ()


def choose_levels(usable: Collection[Level]) -> LevelChoice | None:
    """Apply the rule of levels; None where nothing is usable.

    L1 and L2                        -> their mean
    one of them and L3 or T12        -> mean of the one and the other converted
    neither, but L3 and T12          -> mean of both converted
    one of L1, L2, L3, T12 alone     -> that one, single-level
    else up to three of T11 to T7    -> their converted mean, thoracic-estimate
    """
    lumbar = [level for level in (*TARGET, *SUBSTITUTES) if level in usable][:2]
    if len(lumbar) == 2:
        residuals = [CONVERSIONS[level].residual_sd_mg_cm3 for level in lumbar]
        return LevelChoice(_cranial_first(lumbar), sum(sd**2 for sd in residuals) ** 0.5 / 2)
    if len(lumbar) == 1:
        residual = max(CONVERSIONS[lumbar[0]].residual_sd_mg_cm3, SPREAD_BETWEEN_VERTEBRAE_MG_CM3)
        return LevelChoice(tuple(lumbar), residual, ("single-level",))
    thoracic = [level for level in THORACIC if level in usable][:THORACIC_COUNT]
    if not thoracic:
        return None
    residual = min(CONVERSIONS[level].residual_sd_mg_cm3 for level in thoracic)
    flags = ("thoracic-estimate",) if len(thoracic) > 1 else ("thoracic-estimate", "single-level")
    return LevelChoice(_cranial_first(thoracic), max(residual, THORACIC_SD_MG_CM3), flags)


def _cranial_first(levels: Collection[Level]) -> tuple[Level, ...]:
    return tuple(level for level in Level if level in levels)
