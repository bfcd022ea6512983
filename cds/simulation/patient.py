"""One simulated low-dose chest CT as the rest of the product sees a CT, and what is true of it.

Everything that travels with the images says that they are simulated: patient identifier, series
description, manufacturer, image type and comments.
"""

from calendar import monthrange
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final, Literal

from cds.ct.acquisition import CtSeries
from cds.ct.patient import ArchivedPatient
from cds.ct.volume import CtVolume
from cds.ports import Progress
from models.digital_patient.calibration_cohort import Fixed, LowDoseScan, draw_low_dose_scan
from models.digital_patient.materials import Contrast
from models.digital_patient.scanner import Scanner
from models.digital_patient.simulate import SimulatedScan, simulate
from models.digital_patient.structures import LEVELS
from models.digital_patient.truth import VertebraTruth

MANUFACTURER: Final = "osteocds (simulated)"
MODEL: Final = "digital patient"
COMMENTS: Final = "Simulated CT of a digital patient. Not a person. Made by osteocds for tests and training."
DEFINITION: Final = (
    "Trabecular vBMD in mg/cm3, K2HPO4 basis, as quantitative CT at 120 kVp would read it: mean over the standard "
    "core of the body, marrow fat included, iodine and lesions not counted."
)
KERNELS: Final = ((1.7, "SOFT"), (1.3, "STANDARD"), (1.05, "DETAIL"))
"""Least point spread in mm, and a name that a reader of kernels understands; sharper ones are LUNG."""
SHARPEST: Final = "LUNG"

LAST_LEVELS: Final = LEVELS[LEVELS.index("T2") : LEVELS.index("L5") + 1]
"""Below which a scan may end: it begins above C7 or T1."""

ScannerKind = Literal["exact", "documented", "unknown"]
"""Exact: the slope tables hold on it. The others are off, as `models.digital_patient.calibration_scanners` says."""


@dataclass(frozen=True, slots=True)
class SimulationRequest:
    """What the caller wants of a patient; None is drawn from the seed."""

    vbmd_mg_cm3: float | None = None
    kvp: float | None = None
    contrast: Contrast = "none"
    scanner: ScannerKind = "exact"
    pixel_mm: float | None = None
    """No pixel smaller and no slices closer than that: faster."""
    last_level: str | None = None
    """The scan ends below this vertebra."""
    crushed: tuple[tuple[str, float], ...] = ()
    """Levels, and which share of their height a compression fracture took."""
    years_later: int = 0
    """The same patient so many years after the study date: older, scanned anew."""
    other_scanner: bool = False
    """Not in the scanner where this patient is scanned as a rule."""


@dataclass(frozen=True, slots=True)
class SimulatedCt:
    """A CT and its truth."""

    volume: CtVolume
    truth: dict[str, Any]
    """Plain values, as JSON takes them."""


def simulate_ct(
    seed: int, request: SimulationRequest, study_date: date, progress: Progress | None = None
) -> SimulatedCt:
    """The patient of a seed; the same arguments give the same CT. `study_date`: of the first CT of this patient."""
    fixed = Fixed(
        vbmd_mg_cm3=request.vbmd_mg_cm3,
        kvp=request.kvp,
        contrast=request.contrast,
        pixel_mm=request.pixel_mm,
        caudal=request.last_level,
        crushed=dict(request.crushed),
        years_later=request.years_later,
        other_scanner=request.other_scanner,
    )
    drawn = draw_low_dose_scan(seed, "documented" if request.scanner == "exact" else request.scanner, fixed)
    if request.scanner == "exact":
        exact = replace(drawn.request, scanner=Scanner(kvp=drawn.request.scanner.kvp))
        drawn = replace(drawn, request=exact, scanner_name="SIM-EXACT-2" if request.other_scanner else "SIM-EXACT")
    scan = simulate(seed, drawn.request, progress or (lambda _what, _fraction: None))
    series = _series(seed, drawn, study_date, request.years_later)
    return SimulatedCt(CtVolume(scan.hu, scan.affine_lps, series), _truth(seed, drawn, scan, request.scanner))


def patient_id(seed: int) -> str:
    """SIM- and the seed."""
    return f"SIM-{seed:06d}"


def _series(seed: int, drawn: LowDoseScan, first_date: date, years_later: int) -> CtSeries:
    request = drawn.request
    study_date = _years_after(first_date, years_later)
    born = date(study_date.year - int(drawn.age) - 1, 12, 31)
    return CtSeries(
        study_uid="",
        series_uid="",
        patient=ArchivedPatient(patient_id(seed), birth_date=born, sex=drawn.sex),
        modality="CT",
        image_type=("ORIGINAL", "PRIMARY", "AXIAL", "SIMULATED"),
        study_date=study_date,
        study_description="Simulated low-dose chest CT",
        series_description="SIMULATED low-dose chest",
        protocol_name="Simulated low-dose chest",
        body_part="CHEST",
        series_number=1,
        manufacturer=MANUFACTURER,
        model=MODEL,
        station_name=drawn.scanner_name,
        kvp=request.scanner.kvp,
        kernel=next((name for least, name in KERNELS if request.acquisition.psf_fwhm_mm >= least), SHARPEST),
        slice_thickness_mm=request.acquisition.slice_thickness_mm,
        contrast_agent=None if request.contrast == "none" else f"simulated, {request.contrast} phase",
        patient_age_years=int(drawn.age),
    )


def _years_after(day: date, years: int) -> date:
    """29 February becomes the 28th where the year has none."""
    last = monthrange(day.year + years, day.month)[1]
    return day.replace(year=day.year + years, day=min(day.day, last))


def _truth(seed: int, drawn: LowDoseScan, scan: SimulatedScan, scanner_state: str) -> dict[str, Any]:
    scanner, acquisition = scan.truth.scanner, drawn.request.acquisition
    return {
        "simulated": True,
        "definition": DEFINITION,
        "seed": seed,
        "patient_id": patient_id(seed),
        "sex": drawn.sex,
        "age_years": round(drawn.age, 1),
        "vbmd_l1_l2_mg_cm3": _rounded(drawn.request.vbmd_mg_cm3),
        "contrast": drawn.request.contrast,
        "kvp": scanner.kvp,
        "scanner": {
            "name": drawn.scanner_name,
            "state": scanner_state,
            "offset_hu": round(scanner.offset_hu, 2),
            "slope_deviation": round(scanner.slope_deviation, 4),
            "hardness": round(scanner.hardness, 3),
        },
        "noise_sd_hu": round(acquisition.noise_sd_hu, 1),
        "levels": {each.level: _level(each) for each in scan.truth.vertebrae},
    }


def _level(truth: VertebraTruth) -> dict[str, Any]:
    return {
        "vbmd_mg_cm3": _rounded(truth.vbmd_k2hpo4_mg_cm3),
        "core_hu": _rounded(truth.core_hu),
        "slope_hu_per_mg_cm3": round(truth.slope_hu_per_mg_cm3, 4),
        "marrow_fat_percent": _rounded(truth.marrow_fat_percent),
        "centre_lps_mm": [_rounded(each) for each in truth.centre_lps_mm],
        "cut_by_border": truth.cut_by_border,
        "cement_or_metal": truth.cement_or_metal,
        "fracture": truth.fracture,
        "lesions": list(truth.lesions),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
