"""Low-dose chest CT of simulated patients: one key becomes a request for the simulator and the facts about its scanner.

Age, vBMD and scanner as in `draw`; anatomy, findings (fractures, cement, lesions), table, arms and tissues as in the
simulator's own cohort. Scans end below L2 in seven of ten, below L1 in two, below L3 in one.
"""

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from models.digital_patient.cohort import draw_request
from models.digital_patient.protocol import COVERAGES, Extent, coarser, draw_acquisition, pick
from models.digital_patient.scanner import Scanner
from models.digital_patient.simulate import ScanRequest
from models.hu_calibration.slope_table import SlopeTable
from tests.benchmarks.calibration.draw import DrawnScanner, documented_scanner, draw_patient, unknown_scanner
from tests.benchmarks.calibration.observation import ScannerState

FIRST_SEED: Final = 600_000
"""Training draws its patients below 100000, the benchmark of the segmenter from 500000."""
SHARING: Final = 25
"""Patients of one unknown scanner."""
CAUDAL: Final = (("L2", 0.7), ("L1", 0.2), ("L3", 0.1))
USUAL_PATH_CM: Final = 29.0


@dataclass(frozen=True, slots=True)
class ImagedPatient:
    """What to simulate, and on which scanner."""

    seed: int
    request: ScanRequest
    scanner: str
    enriched: bool


def draw_imaged(key: int, state: ScannerState, *, enriched: bool, pixel_mm: float | None = None) -> ImagedPatient:
    """One unenhanced scan. `pixel_mm`: larger pixels than the scanner's own, for quick looks."""
    seed = FIRST_SEED + key
    for_scanner, for_patient, for_scan = np.random.default_rng([seed, 4]).spawn(3)
    drawn = documented_scanner(for_scanner, key) if state == "documented" else unknown_scanner(key // SHARING)
    age, vbmd = draw_patient(for_patient, enriched=enriched)
    usual, extent = draw_request(seed), _extent(for_scan)
    acquisition = draw_acquisition(for_scan, extent, usual.patient.fat_mm or 18.0)
    request = replace(
        usual,
        cranial=extent.cranial,
        caudal=extent.caudal,
        margin_mm=extent.above_mm,
        margin_below_mm=extent.below_mm,
        age=age,
        vbmd_mg_cm3=vbmd,
        contrast="none",
        aim="trunk",
        scanner=_simulated(drawn),
        acquisition=acquisition if pixel_mm is None else coarser(acquisition, pixel_mm),
    )
    return ImagedPatient(seed, request, drawn.name, enriched)


def _extent(rng: np.random.Generator) -> Extent:
    cranial, caudal = pick(rng, COVERAGES["screening"].cranial), pick(rng, CAUDAL)
    return Extent("screening", cranial, caudal, rng.uniform(-14, 18), rng.uniform(2, 18), "none", narrow=False)


def _simulated(drawn: DrawnScanner) -> Scanner:
    """The simulator's scanner: filters come in three kinds there, so hardness acts through the slope alone."""
    usual = SlopeTable.load().slope_hu_per_mg_cm3(drawn.kvp, USUAL_PATH_CM)
    return Scanner(
        kvp=drawn.kvp,
        filtration="standard",
        offset_hu=drawn.water_hu,
        slope_deviation=drawn.slope(USUAL_PATH_CM) / usual - 1,
    )
