"""What is known of a scanner before its scan is looked at: how many HU one mg/cm3 makes on it, and what water reads."""

from dataclasses import dataclass
from math import isfinite
from typing import Final, Literal

ScannerKind = Literal["unknown", "documented", "site"]


@dataclass(frozen=True, slots=True)
class ScannerPrior:
    """Mean and standard deviation of what a scanner does to CT numbers, at one tube voltage and kernel.

        slope = (slope_factor * table slope) * (1 + d) + s' e,   offset = o
        d ~ N(0, slope_sd_fraction^2),  o ~ N(offset_hu, offset_sd_hu^2),  e ~ N(0, hardness_sd^2)

    `e` is the hardness of the beam: 0 for standard filtration, -1 for light, +1 for hard, and s' the
    half of the difference in slope between hard and light. Valid once constructed, else ValueError.
    """

    kind: ScannerKind
    """unknown: nothing measured; documented: filtration known; site: measured on this scanner."""
    slope_factor: float
    """Slope of the scanner over that of the table for standard filtration."""
    slope_sd_fraction: float
    """Relative; what neither factor nor filtration explain."""
    offset_hu: float
    """What water reads."""
    offset_sd_hu: float
    hardness_sd: float
    source: str
    """Where the numbers come from; for a site the name and date of its coefficient file."""

    def __post_init__(self) -> None:
        """Refuse what no scanner can be."""
        spreads = (self.slope_sd_fraction, self.offset_sd_hu, self.hardness_sd)
        if not all(isfinite(value) and value >= 0 for value in spreads):
            msg = f"the spreads of a scanner must be finite and not negative, got {spreads}"
            raise ValueError(msg)
        if not (isfinite(self.slope_factor) and self.slope_factor > 0 and isfinite(self.offset_hu)):
            msg = f"slope factor {self.slope_factor} and offset {self.offset_hu} HU are not those of a scanner"
            raise ValueError(msg)


UNKNOWN_SCANNER: Final = ScannerPrior(
    kind="unknown",
    slope_factor=1.0,
    slope_sd_fraction=0.08,
    offset_hu=0.0,
    offset_sd_hu=2.5,
    hardness_sd=0.35,
    source="published slopes of scanners at 120 kVp spread by 12 % or more; the specification of water allows 4 HU",
)
"""A scanner of which nothing is known."""

DOCUMENTED_SCANNER: Final = ScannerPrior(
    kind="documented",
    slope_factor=1.0,
    slope_sd_fraction=0.02,
    offset_hu=0.0,
    offset_sd_hu=2.5,
    hardness_sd=0.35,
    source="filtration known to be near standard; the detector model moves the slope by up to 2 % at 120 kVp",
)
"""A scanner whose filtration is documented as near standard (half-value layer near 8.3 mm Al at 120 kVp)."""
