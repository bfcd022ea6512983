"""One simulated patient: drawn, scanned, measured by the product, held against the truth."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.ndimage import find_objects

from cds.bone.anatomy import MaskGrid
from cds.ports import VertebraSegmenter
from models.digital_patient.cohort import draw_request
from models.digital_patient.simulate import ScanRequest, SimulatedScan, simulate
from models.digital_patient.structures import BODY, LEVELS
from models.digital_patient.truth import VertebraTruth
from models.vertebra_segmentation.grid import shifted
from models.vertebra_segmentation.labels import LEVELS as NAMED
from tests.benchmarks.segmentation.bodies import TrueBody
from tests.benchmarks.segmentation.measuring import Measured, measure, volume_of
from tests.benchmarks.segmentation.scoring import BodyScore, Knowledge, score

FIRST_SEED = 500_000
"""Training draws its patients from seeds below 100000."""

NARROW_FIELD_MM = 250.0
MARKED_KYPHOSIS, MARKED_SCOLIOSIS_DEG = 1.5, 10.0

Record = dict[str, Any]


def record(seed: int, segmenter: VertebraSegmenter, pixel_mm: float | None = None) -> Record:
    """Everything about one patient. `pixel_mm`: larger pixels than the scanner's own, for quick looks."""
    request = draw_request(seed, pixel_mm=pixel_mm)
    scan = simulate(seed, request)
    thickness_mm = request.acquisition.slice_thickness_mm
    measured = measure(volume_of(scan.hu, scan.affine_lps, thickness_mm, request.scanner.kvp), segmenter)
    return {"seed": seed, **_patient(request, scan), **_result(scan, measured)}


def _patient(request: ScanRequest, scan: SimulatedScan) -> Record:
    """Who was scanned and how."""
    acquisition = request.acquisition
    paths = [each.water_path_cm for each in scan.truth.vertebrae]
    whole = [each.level for each in scan.truth.vertebrae if not each.cut_by_border]
    return {
        "range": f"{request.cranial}-{request.caudal}",
        "whole_levels": whole,
        "slice_thickness_mm": round(acquisition.slice_thickness_mm, 2),
        "slice_interval_mm": round(acquisition.slice_interval_mm, 2),
        "pixel_mm": round(acquisition.pixel_mm, 3),
        "noise_hu": round(acquisition.noise_sd_hu, 1),
        "kvp": request.scanner.kvp,
        "contrast": request.contrast,
        "water_path_cm": round(float(np.median(paths)), 1),
        "narrow_field": acquisition.field_of_view_mm < NARROW_FIELD_MM,
        "variants": _variants(request),
        "voxels": list(scan.hu.shape),
    }


def _variants(request: ScanRequest) -> list[str]:
    """What is unusual about the patient."""
    patient = request.patient
    told = {
        f"{patient.rib_pairs} pairs of ribs": patient.rib_pairs != 12,
        "fracture": bool(patient.wedge_fractures),
        "cement": bool(patient.cement),
        "rods": bool(patient.rods),
        "kyphosis": (patient.kyphosis or 0) >= MARKED_KYPHOSIS,
        "scoliosis": (patient.scoliosis_deg or 0) >= MARKED_SCOLIOSIS_DEG,
        "arms down": patient.arms == "down",
    }
    return [name for name, present in told.items() if present]


def _result(scan: SimulatedScan, measured: Measured) -> Record:
    """What the product said, and how far it is off."""
    result = measured.assessment
    return {
        "status": result.status,
        "reasons": sorted({reason.code for reason in result.reasons}),
        "vbmd_mg_cm3": None if result.vbmd_mg_cm3 is None else round(result.vbmd_mg_cm3, 2),
        "numbering_confidence": round(measured.spine.numbering_confidence, 3),
        "level_ambiguous": measured.is_ambiguous,
        "seconds": {stage: round(s, 2) for stage, s in measured.spine.seconds.items()},
        "bodies": [row.as_record() for row in scores(scan, measured)],
    }


def scores(scan: SimulatedScan, measured: Measured) -> list[BodyScore]:
    """Every true body that the product has a name for, and whatever it reported beyond.

    HU count against the simulated core without noise, but not where there is cement or metal.
    """
    known = Knowledge(scan.truth.levels, complete=True)
    rows = score(measured.bodies, true_bodies(scan), known)
    return [row for row in rows if row.found_level is not None or row.true_level in NAMED]


def true_bodies(scan: SimulatedScan) -> list[TrueBody]:
    """The truth as the scoring wants it, masks cropped."""
    in_bodies = np.where(np.isin(scan.truth.structures, BODY), scan.truth.vertebra, 0)
    boxes = find_objects(in_bodies)
    return [_true_body(each, scan, in_bodies, boxes) for each in scan.truth.vertebrae]


def _true_body(each: VertebraTruth, scan: SimulatedScan, in_bodies: np.ndarray, boxes: Sequence[Any]) -> TrueBody:
    number = LEVELS.index(each.level) + 1
    box = boxes[number - 1]
    inside = (in_bodies[box] == number).astype(np.float32)
    body = TrueBody(
        each.level,
        each.centre_lps_mm,
        is_whole=not each.cut_by_border,
        mask=MaskGrid(inside, shifted(scan.affine_lps, [side.start for side in box])),
    )
    return body if each.cement_or_metal else replace(body, hu=each.core_hu)
