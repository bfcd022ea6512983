"""Low-dose chest CT of a check-up population, for testing the calibration through images.

Age 54.5 +- 11.5 years, 45 % women, 132.6 +- 37.7 mg/cm3 (one in twelve below 80), as published of
the reference study's patients; tissues and scanners from `calibration_tissues` and
`calibration_scanners`, which differ on purpose from what the calibration assumes. Anatomy and
findings are those of `cohort`, with the rarer ones rarer still: these people are not ill.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from models.digital_patient.acquisition import Acquisition
from models.digital_patient.anatomy import PatientOptions
from models.digital_patient.calibration_scanners import SCANNERS, ScannerState, cohort_scanner
from models.digital_patient.calibration_tissues import Sex, draw_calibration_tissues, draw_vbmd_mg_cm3
from models.digital_patient.cohort import draw_patient
from models.digital_patient.findings import SoftFindings
from models.digital_patient.materials import Contrast
from models.digital_patient.protocol import Extent, coarser, draw_acquisition, pick
from models.digital_patient.simulate import ScanRequest

WOMEN = 0.45
OSTEOPOROSIS_BELOW_MG_CM3 = 80.0
CRANIAL: Final = (("C7", 0.5), ("T1", 0.5))
CAUDAL: Final = (("T12", 0.12), ("L1", 0.43), ("L2", 0.38), ("L3", 0.07))
"""Screening usually includes L1."""
INTERVAL_MM: Final = ((1.0, 0.32), (1.25, 0.28), (1.5, 0.1), (2.0, 0.12), (2.5, 0.1), (3.0, 0.08))
WHOLE_BODY, WIDER = 0.6, 1.12
"""Share of scans whose field of view is meant to hold the body, not the lungs alone, and how much wider it is."""
HEALTHY = 0.8
"""Of those who would have implants, lesions or effusions in hospital."""


@dataclass(frozen=True, slots=True)
class LowDoseScan:
    """One scan of the cohort: what `simulate` needs, and who it is."""

    request: ScanRequest
    sex: Sex
    age: float
    scanner_name: str
    scanner_state: ScannerState


@dataclass(frozen=True, slots=True)
class Fixed:
    """What the caller wants of a scan; None is drawn. Fixing one thing changes nothing else."""

    vbmd_mg_cm3: float | None = None
    """Mean of L1 and L2, K2HPO4 basis."""
    kvp: float | None = None
    contrast: Contrast = "none"
    pixel_mm: float | None = None
    """As in `draw_request`."""
    caudal: str | None = None
    """The scan ends below this vertebral body."""
    crushed: Mapping[str, float] = field(default_factory=dict)
    """By level the share of the whole height that a fracture took."""
    years_later: int = 0
    """The same patient so many years after: older, in the same or another scanner, lying anew, with other noise."""
    other_scanner: bool = False
    """Not in the usual scanner of this patient."""


def draw_low_dose_scan(
    seed: int, state: ScannerState = "documented", fixed: Fixed | None = None, *, below_80: bool = False
) -> LowDoseScan:
    """One patient at natural prevalence, or with `below_80` one of those below 80 mg/cm3.

    The same seed is the same patient with either state of the scanner.
    """
    wanted = fixed or Fixed()
    streams = np.random.default_rng([seed, 54115]).spawn(5)
    for_person, for_shape, for_tissues, for_scanner, for_scan = streams
    sex: Sex = "female" if for_person.random() < WOMEN else "male"
    first_age, drawn = _age_and_vbmd(for_person, sex, below_80=below_80)
    age = first_age + wanted.years_later
    vbmd = drawn if wanted.vbmd_mg_cm3 is None else wanted.vbmd_mg_cm3
    fat_mm = float(np.clip(for_person.gamma(3.6, 5.2), 4, 60))
    number = int(for_scanner.integers(SCANNERS)) + wanted.other_scanner
    scanner = cohort_scanner(state, number % SCANNERS)
    if wanted.years_later:
        for_scanner, for_scan = np.random.default_rng([seed, 54115, wanted.years_later]).spawn(2)
    cranial, caudal = pick(for_scan, CRANIAL), pick(for_scan, CAUDAL)
    extent = Extent(
        kind="screening",
        cranial=cranial,
        caudal=wanted.caudal or caudal,
        above_mm=float(for_scan.uniform(-6, 18)),
        below_mm=float(for_scan.uniform(-14, 18)),
        contrast=wanted.contrast,
        narrow=False,
    )
    acquisition = _acquisition(for_scan, extent, fat_mm)
    set_up = scanner.set_up(for_scanner, fat_mm)
    left, back, across, along, up = (float(each) for each in for_scan.normal(0, (6, 6, 15, 40, 300)))
    request = ScanRequest(
        cranial=extent.cranial,
        caudal=extent.caudal,
        margin_mm=extent.above_mm,
        margin_below_mm=extent.below_mm,
        age=age,
        vbmd_mg_cm3=vbmd,
        contrast=wanted.contrast,
        aim_off_mm=(left, back),
        patient=_with_fractures(_person(for_shape, fat_mm, sex), wanted.crushed),
        scanner=set_up if wanted.kvp is None else replace(set_up, kvp=wanted.kvp),
        acquisition=acquisition if wanted.pixel_mm is None else coarser(acquisition, wanted.pixel_mm),
        position_lps_mm=(across, along, up),
        tissues=replace(draw_calibration_tissues(for_tissues, age, sex, vbmd), contrast=wanted.contrast),
        exposure=wanted.years_later,
    )
    return LowDoseScan(request, sex, age, scanner.name, state)


def _age_and_vbmd(rng: np.random.Generator, sex: Sex, *, below_80: bool) -> tuple[float, float]:
    while True:
        age = float(np.clip(rng.normal(54.5, 11.5), 25, 90))
        vbmd = draw_vbmd_mg_cm3(rng, age, sex)
        if not below_80 or vbmd < OSTEOPOROSIS_BELOW_MG_CM3:
            return age, vbmd


def _acquisition(rng: np.random.Generator, extent: Extent, fat_mm: float) -> Acquisition:
    lungs = draw_acquisition(rng, extent, fat_mm, INTERVAL_MM)
    wider = WIDER if rng.random() < WHOLE_BODY else 1.0
    return replace(lungs, pixel_mm=lungs.pixel_mm * wider, field_of_view_mm=lungs.field_of_view_mm * wider)


def _with_fractures(person: PatientOptions, crushed: Mapping[str, float]) -> PatientOptions:
    return replace(person, crush_fractures={**person.crush_fractures, **crushed})


def _person(rng: np.random.Generator, fat_mm: float, sex: Sex) -> PatientOptions:
    """Anatomy and findings of the hospital cohort, most of its illness taken away; arms up."""
    for_anatomy, for_health = rng.spawn(2)
    person = draw_patient(for_anatomy, fat_mm)
    breast = float(for_health.uniform(30, 62))
    person = replace(person, arms="up", breast_mm=breast if sex == "female" else 0.0)
    if for_health.random() > HEALTHY:
        return person
    soft = SoftFindings(heart=person.soft.heart, lung=person.soft.lung, gas=person.soft.gas)
    return replace(person, lesions={}, cement=(), rods=(), soft=soft)
