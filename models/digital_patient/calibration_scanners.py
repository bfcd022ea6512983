"""Scanners of the calibration cohort, each with its own error, shared by its patients.

The calibration takes normal distributions (water 2.5 HU, hardness 0.35 where documented, slope 8 %
where not). Here:

    water        uniform on +-4 HU, what specifications allow; one scanner in ten lies 4 to 8 HU off;
                 each patient adds +-1.7 HU for height of the table and cupping
    documented   hardness Laplace, SD 0.35, about the standard filtration; slope uniform, SD 1 % (detectors)
    unknown      three makers at -9, 0 and +9 %, each +-6.8 %: SD 8 %, since published slopes at one voltage
                 spread by 12 % and more; hardness uniform on +-1 moves the tissues on top
"""

from dataclasses import dataclass
from math import sqrt
from typing import Final, Literal

import numpy as np

from models.digital_patient.protocol import pick
from models.digital_patient.scanner import Scanner

ScannerState = Literal["documented", "unknown"]

SCANNERS = 15
"""Of each state."""
WATER_HU, OUTLIER_HU, OUTLIERS = 4.0, (4.0, 8.0), 0.1
WITHIN_SCANNER_HU = 1.7
MAKERS: Final = ((-0.09, 0.3), (0.0, 0.4), (0.09, 0.3))
WITHIN_MAKER = 0.068
HARDNESS_SD, DETECTOR_SD = 0.35, 0.01
TYPICAL_PATH_CM = 29.0
USUAL_KVP: Final = ((120.0, 0.76), (100.0, 0.16), (110.0, 0.04), (130.0, 0.04))
THIN_MM, STOUT_MM = 9.0, 30.0
"""Fat under the skin from which a lower or a higher voltage may be chosen."""
OTHER_KVP = 0.5


@dataclass(frozen=True, slots=True)
class CohortScanner:
    """One scanner of a department."""

    name: str
    state: ScannerState
    usual_kvp: float
    hardness: float
    slope_deviation: float
    """Relative to the table's standard filtration where nothing is known, else beside hardness."""
    offset_hu: float

    def set_up(self, rng: np.random.Generator, fat_mm: float) -> Scanner:
        """For one patient: 100 kVp for half of the thin, 140 for half of the stout, else what is usual here."""
        other, off = rng.random() < OTHER_KVP, float(rng.uniform(-WITHIN_SCANNER_HU, WITHIN_SCANNER_HU))
        special = 100.0 if fat_mm < THIN_MM else 140.0 if fat_mm > STOUT_MM else self.usual_kvp
        kvp = special if other else self.usual_kvp
        return Scanner(
            kvp=kvp,
            offset_hu=self.offset_hu + off,
            slope_deviation=self._beside_hardness(kvp),
            hardness=self.hardness,
        )

    def _beside_hardness(self, kvp: float) -> float:
        """An unknown scanner's slope is off by what was drawn, whatever its hardness does to the tissues."""
        if self.state == "documented":
            return self.slope_deviation
        plain, hardened = (
            Scanner(kvp=kvp, hardness=each).slope_hu_per_mg_cm3(TYPICAL_PATH_CM) for each in (0.0, self.hardness)
        )
        return (1 + self.slope_deviation) * plain / hardened - 1


def cohort_scanner(state: ScannerState, number: int) -> CohortScanner:
    """The same number is the same scanner."""
    rng = np.random.default_rng([number, 4121 if state == "documented" else 4122])
    usual, side = pick(rng, USUAL_KVP), float(rng.choice((-1.0, 1.0)))
    plain, far = float(rng.uniform(-WATER_HU, WATER_HU)), side * float(rng.uniform(*OUTLIER_HU))
    offset = far if rng.random() < OUTLIERS else plain
    if state == "documented":
        hardness = float(np.clip(rng.laplace(0, HARDNESS_SD / sqrt(2)), -1, 1))
        slope = float(rng.uniform(-1, 1)) * sqrt(3) * DETECTOR_SD
    else:
        hardness, slope = (
            float(rng.uniform(-1, 1)),
            pick(rng, MAKERS) + float(rng.uniform(-WITHIN_MAKER, WITHIN_MAKER)),
        )
    return CohortScanner(f"SIM-{state[:3].upper()}-{number:02d}", state, usual, hardness, slope, offset)
