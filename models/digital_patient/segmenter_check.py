"""How the shipped segmenter does on simulated scans: python -m models.digital_patient.segmenter_check.

Ten scans of different coverage, slices, noise and contrast. Only whole bodies from T7 to L5 count.
"""

import time
from dataclasses import dataclass, field

import numpy as np
from rich.console import Console

from models.digital_patient.acquisition import Acquisition
from models.digital_patient.anatomy import PatientOptions
from models.digital_patient.simulate import ScanRequest, SimulatedScan, simulate
from models.digital_patient.structures import LEVELS
from models.vertebra_segmentation.grid import Image
from models.vertebra_segmentation.segmenter import BodyMask, Segmenter
from models.vertebra_segmentation.trabecular_sample import trabecular_hu

FINDABLE = LEVELS[LEVELS.index("T7") :]
LOW_DOSE = Acquisition(slice_interval_mm=5.0, slice_thickness_mm=5.0, noise_sd_hu=45.0, edge_enhancement=0.6)
THIN = Acquisition(slice_interval_mm=1.5, slice_thickness_mm=1.5, noise_sd_hu=30.0, pixel_mm=1.2)
CASES = (
    ScanRequest(caudal="L2"),
    ScanRequest(caudal="L3", contrast="venous"),
    ScanRequest(caudal="T12"),
    ScanRequest(caudal="T10", acquisition=LOW_DOSE),
    ScanRequest(cranial="T10", caudal="L5", contrast="arterial"),
    ScanRequest(caudal="L1", acquisition=LOW_DOSE),
    ScanRequest(caudal="L2", acquisition=THIN, patient=PatientOptions(scoliosis_deg=18.0)),
    ScanRequest(caudal="L2", patient=PatientOptions(rib_pairs=11)),
    ScanRequest(caudal="L3", patient=PatientOptions(rib_pairs=13), vbmd_mg_cm3=55.0),
    ScanRequest(caudal="L4", patient=PatientOptions(fat_mm=45.0, wedge_fractures={"T12": 0.35, "L1": 0.25})),
)


@dataclass(slots=True)
class Score:
    """One scan."""

    whole: int
    right: int = 0
    misnamed: list[str] = field(default_factory=list)
    off_mm: list[float] = field(default_factory=list)
    hu_error: list[float] = field(default_factory=list)
    confidence: float = 0.0


def score(scan: SimulatedScan, segmenter: Segmenter) -> Score:
    """Every body found, held against the true body that is nearest."""
    found = segmenter.segment(scan.hu, scan.affine_lps, levels=FINDABLE)
    whole = [each.level for each in scan.truth.vertebrae if each.level in FINDABLE and not each.cut_by_border]
    result = Score(len(whole), confidence=found.numbering_confidence)
    for body in found.bodies:
        truth = min(scan.truth.vertebrae, key=lambda each: _apart(each.centre_lps_mm, body.centre_lps_mm))
        if truth.level != body.level:
            result.misnamed.append(f"{truth.level} as {body.level}")
        elif truth.level in whole:
            result.right += 1
            result.off_mm.append(_apart(truth.centre_lps_mm, body.centre_lps_mm))
            hu = _core_hu(scan, body)
            if hu is not None:
                result.hu_error.append(hu - truth.core_hu)
    return result


def _apart(one: tuple[float, float, float], other: tuple[float, float, float]) -> float:
    return float(np.linalg.norm(np.subtract(one, other)))


def _core_hu(scan: SimulatedScan, body: BodyMask) -> float | None:
    return trabecular_hu(Image(scan.hu, scan.affine_lps), body, np.array([0.0, 0.0, 1.0]))


def main() -> None:
    """Print a table."""
    console, segmenter = Console(width=140), Segmenter.load(threads=1)
    console.print("seed range    s  right/whole  centre mm mean max  HU error mean max  confidence  misnamed")
    for seed, request in enumerate(CASES):
        begin = time.perf_counter()
        scan = simulate(seed, request)
        seconds = time.perf_counter() - begin
        one = score(scan, segmenter)
        off, hu = one.off_mm or [np.nan], one.hu_error or [np.nan]
        console.print(
            f"{seed:4} {request.cranial}-{request.caudal:4} {seconds:4.1f} {one.right:6}/{one.whole:<4}"
            f" {np.mean(off):10.1f} {np.max(off):5.1f} {np.mean(hu):10.1f} {hu[int(np.argmax(np.abs(hu)))]:6.1f}"
            f" {one.confidence:10.2f}   {len(one.misnamed) or '-'} {', '.join(one.misnamed[:2])}",
            highlight=False,
        )


if __name__ == "__main__":
    main()
