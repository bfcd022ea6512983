"""The calibrator behind the port `HuCalibrator`: slope from physics, offset zero, both uncertain.

A CT number of a small insert depends on the water path of the beam, not on the patient's
water-equivalent diameter Dw. Simulated projection and reconstruction gives D = Dw + 4 cm for the
abdomen and D = Dw + 2 cm for the chest (the lungs harden the beam less than Dw says).
"""

from cds.bone.assessment import Calibration
from cds.ct.acquisition import CtSeries
from models.hu_calibration.slope_table import SlopeTable

LUMBAR_EXTRA_CM = 4.0
THORACIC_EXTRA_CM = 2.0

UNKNOWN_SCANNER_SLOPE_SD = 0.08
"""Relative. Published slopes of scanners at 120 kVp spread by 12 % or more; 5 % would be too narrow."""

WATER_OFFSET_SD_HU = 2.5
"""Spread of the scanner's water value; the specification allows 4 HU."""


class PhysicsCalibrator:
    """Slope by kVp and patient size for standard filtration; the scanner is not known.

    `version` changes whenever a calibration could change: method and numbers.
    """

    def __init__(self, table: SlopeTable | None = None) -> None:
        self._table = table or SlopeTable.load()
        self.version = f"physics-1+{self._table.sha256[:12]}"

    def calibrate(self, series: CtSeries, water_equivalent_diameter_cm: float, *, thoracic: bool) -> Calibration:
        """Slope and offset at one level, K2HPO4 basis.

        Raises ValueError where kVp is missing or the table has no such voltage or size: the
        quality gates refuse these before.
        """
        if series.kvp is None:
            raise ValueError("the series has no kVp")
        water_path_cm = water_equivalent_diameter_cm + (THORACIC_EXTRA_CM if thoracic else LUMBAR_EXTRA_CM)
        return Calibration(
            method="physics slope by kVp and size",
            scanner="unknown",
            slope_hu_per_mg_cm3=self._table.slope_hu_per_mg_cm3(series.kvp, water_path_cm),
            slope_sd_fraction=UNKNOWN_SCANNER_SLOPE_SD,
            offset_hu=0.0,
            offset_sd_hu=WATER_OFFSET_SD_HU,
            water_equivalent_diameter_cm=water_equivalent_diameter_cm,
            version=self.version,
        )
