"""What a site's measurement says of one scanner, and why some measurements are refused."""

from dataclasses import dataclass
from math import hypot, isfinite
from typing import Final

from models.hu_calibration.scanner_prior import ScannerPrior

SLOPE_FACTORS: Final = (0.8, 1.25)
"""Published slopes differ by 12 % between scanners; with physics uncertain by a few percent, 20 % is an error."""

LARGEST_OFFSET_HU: Final = 15.0
"""Water may read 4 HU off by specification and plastic for water a few more: beyond this something is wrong."""

PLACE_IN_GANTRY_SD_HU: Final = 2.0
"""What table height and a patient off centre change from scan to scan: 1 to 3 HU."""

HARDNESS_SD: Final = 0.35
"""The measured factor fits one size; how the slope changes with size depends on the filtration, still unknown."""


class CalibrationRefusedError(ValueError):
    """Measurements from which no calibration can be made; the message says what is wrong and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannerCoefficients:
    """Slope and offset of one scanner, tube voltage and kernel: vBMD = (HU - offset) / (factor x table slope)."""

    slope_factor: float
    """Slope of the scanner over that of the table for standard filtration, K2HPO4 basis."""
    slope_factor_sd: float
    offset_hu: float
    offset_sd_hu: float

    def __post_init__(self) -> None:
        """Refuse what no scanner can be; raises `CalibrationRefusedError`."""
        low, high = SLOPE_FACTORS
        if not low <= self.slope_factor <= high:
            raise CalibrationRefusedError(
                f"a slope factor of {self.slope_factor:.3g} is not believable: it is the ratio to the physics table, "
                f"between {low:g} and {high:g}, not a slope in HU per mg/cm3 and not a percentage"
            )
        if not abs(self.offset_hu) <= LARGEST_OFFSET_HU:
            raise CalibrationRefusedError(
                f"an offset of {self.offset_hu:.1f} HU is not believable (at most {LARGEST_OFFSET_HU:g}): look at the "
                "scanner's water value, and whether HU were read after the rescale intercept"
            )
        for name, sd, largest in (
            ("slope_factor_sd", self.slope_factor_sd, 0.2),
            ("offset_sd_hu", self.offset_sd_hu, LARGEST_OFFSET_HU),
        ):
            if not (isfinite(sd) and 0 < sd <= largest):
                raise CalibrationRefusedError(
                    f"a standard deviation {name} of {sd:g} is not believable: it lies above 0, at most {largest:g}"
                )

    def prior(self, source: str) -> ScannerPrior:
        """What is known of this scanner before a patient's own tissues are looked at."""
        return ScannerPrior(
            kind="site",
            slope_factor=self.slope_factor,
            slope_sd_fraction=self.slope_factor_sd / self.slope_factor,
            offset_hu=self.offset_hu,
            offset_sd_hu=hypot(self.offset_sd_hu, PLACE_IN_GANTRY_SD_HU),
            hardness_sd=HARDNESS_SD,
            source=source,
        )
