"""The calibrator behind the port `HuCalibrator`: slope from physics and what is known of the scanner.

A CT number of a small insert depends on the water path of the beam, not on the patient's
water-equivalent diameter Dw. Simulated projection and reconstruction gives D = Dw + 4 cm for the
abdomen and D = Dw + 2 cm for the chest (the lungs harden the beam less than Dw says).
"""

from collections.abc import Callable

from cds.bone.assessment import Calibration
from cds.ct.acquisition import CtSeries
from models.hu_calibration.scanner_prior import UNKNOWN_SCANNER, ScannerPrior
from models.hu_calibration.slope_table import SlopeTable

LUMBAR_EXTRA_CM = 4.0
THORACIC_EXTRA_CM = 2.0


def unknown_scanner(_: CtSeries) -> ScannerPrior:
    """Nothing is known of any scanner."""
    return UNKNOWN_SCANNER


class PhysicsCalibrator:
    """Slope by kVp and patient size; what is known of the scanner comes from `scanner_prior`.

    `version` changes whenever a calibration could change: method, numbers, and what is on file about
    the site's scanners, which `on_file` stands for.
    """

    def __init__(
        self,
        table: SlopeTable | None = None,
        scanner_prior: Callable[[CtSeries], ScannerPrior] = unknown_scanner,
        on_file: str | None = None,
    ) -> None:
        self._table = table or SlopeTable.load()
        self._scanner_prior = scanner_prior
        self.version = f"physics-1+{self._table.sha256[:12]}" + (f"+site-{on_file}" if on_file else "")

    def calibrate(self, series: CtSeries, water_equivalent_diameter_cm: float, *, thoracic: bool) -> Calibration:
        """Slope and offset at one level, K2HPO4 basis.

        Raises ValueError where kVp is missing or the table has no such voltage or size: the
        quality gates refuse these before.
        """
        if series.kvp is None:
            raise ValueError("the series has no kVp")
        prior = self._scanner_prior(series)
        water_path_cm = water_equivalent_diameter_cm + (THORACIC_EXTRA_CM if thoracic else LUMBAR_EXTRA_CM)
        return Calibration(
            method="physics slope by kVp and size",
            scanner=prior.kind,
            slope_hu_per_mg_cm3=prior.slope_factor * self._table.slope_hu_per_mg_cm3(series.kvp, water_path_cm),
            slope_sd_fraction=prior.slope_sd_fraction,
            offset_hu=prior.offset_hu,
            offset_sd_hu=prior.offset_sd_hu,
            water_equivalent_diameter_cm=water_equivalent_diameter_cm,
            version=self.version,
            source=prior.source,
        )
