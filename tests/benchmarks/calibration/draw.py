"""Patients without images: what a scan would show of tissues and vertebrae, drawn with noise; the truth is exact.

People, tissues and scanners are those of the simulator's calibration cohort (`models.digital_patient`): other
distributions than the estimator assumes. Here, besides:

    size             gamma, Dw 27 +- 3 cm; the beam crosses 3 to 5 cm more than Dw
    levels           L1 and L2; in one patient of seven L2 lies below the scan and T12 stands in
    noise of a level lognormal about 1.3 HU, a tenth more than is told; the region is off by a Laplace error, 2 mg/cm3
    stout patients   read up to 0.5 HU more for every cm of path beyond 36 (photon starvation)
    lean muscle      its mode keeps 10 to 30 % of the fat between the fibres, its mean all of it
    tissues          read with lognormal standard errors; now and then one cannot be sampled

A documented scanner is drawn anew for each patient, so that patients are independent; a hundred share an unknown one.
"""

from typing import Final

import numpy as np

from cds.bone.anatomy import VertebralLevel
from models.digital_patient.calibration_cohort import OSTEOPOROSIS_BELOW_MG_CM3, WOMEN
from models.digital_patient.calibration_scanners import cohort_scanner
from models.digital_patient.calibration_tissues import Sex, draw_calibration_tissues, draw_vbmd_mg_cm3
from models.digital_patient.materials import Material, Tissues, materials_of, trabecular
from models.digital_patient.scanner import PERIPHERAL_PATH_CM, Scanner
from models.digital_patient.structures import Structure
from tests.benchmarks.calibration.observation import (
    CORTEX_SEEN,
    FEMORAL_CORTEX,
    Case,
    LevelReading,
    Observation,
    ScannerState,
    TissueReading,
)

SEED: Final = 421
NATURAL, ENRICHED = 421, 110
SHARING: Final = 100
"""Patients of one unknown scanner."""

EXTRA_PATH_CM: Final = (3.0, 5.0)
STARVED_FROM_CM, STARVED_HU_PER_CM = 36.0, 0.5
LOW_SCANS: Final = 1 / 7
REGION_SD_MG_CM3: Final = 2.0
FAT_LEFT: Final = (0.1, 0.3)
CORTEX_SEEN_SD: Final = 0.06
MISSING: Final = {"fat": 0.05, "muscle": 0.02, "blood": 0.06, "air": 0.03, "cortex": 0.0}
SEM_HU: Final = {"fat": 0.4, "muscle": 0.6, "blood": 1.0, "air": 0.3, "cortex": 3.0}

Rng = np.random.Generator


def draw_cohort(state: ScannerState, *, natural: int = NATURAL, enriched: int = ENRICHED) -> list[Case]:
    """Patients at natural prevalence, then patients below 80; the same numbers give the same cohort."""
    return [draw_case(key, state, enriched=key >= natural) for key in range(natural + enriched)]


def draw_case(key: int, state: ScannerState, *, enriched: bool = False) -> Case:
    """One patient on one scanner."""
    for_person, for_body, for_tissues, for_scanner, for_noise = _streams(key)
    age, sex, vbmd = _person(for_person, enriched=enriched)
    tissues = draw_calibration_tissues(for_body, age, sex, vbmd)
    diameter_cm = float(np.clip(18.5 + for_body.gamma(7.0, 1.2), 20, 40))
    path_cm = diameter_cm + float(for_body.uniform(*EXTRA_PATH_CM))
    department = cohort_scanner(state, key if state == "documented" else key // SHARING)
    scanner = department.set_up(for_scanner, fat_mm=2.2 * (diameter_cm - 18.5))
    observation = Observation(
        kvp=scanner.kvp,
        water_equivalent_diameter_cm=float(diameter_cm + for_noise.normal(0, 0.3)),
        levels=_levels(for_noise, scanner, tissues, path_cm),
        age_years=int(age),
        scanner=state,
        **_tissues(for_tissues, scanner, tissues, path_cm),
    )
    return Case(
        key=key,
        observation=observation,
        vbmd_mg_cm3=vbmd,
        phantom=(scanner.slope_hu_per_mg_cm3(path_cm), scanner.offset_hu),
        scanner=f"scanner of patient {key}" if state == "documented" else department.name,
        enriched=enriched,
    )


def drawn_vbmd(key: int) -> float:
    """The truth of one patient of natural prevalence, without a scan."""
    return _person(_streams(key)[0], enriched=False)[2]


def _streams(key: int) -> list[Rng]:
    """For person, body, tissues, scanner and noise."""
    return np.random.default_rng([SEED, key]).spawn(5)


def _person(rng: Rng, *, enriched: bool) -> tuple[float, Sex, float]:
    """Age, sex and vBMD: 133 +- 38 mg/cm3, one in twelve below 80; those added are all below."""
    while True:
        sex: Sex = "female" if rng.random() < WOMEN else "male"
        age = float(np.clip(rng.normal(54.5, 11.5), 25, 90))
        vbmd = draw_vbmd_mg_cm3(rng, age, sex)
        if not enriched or vbmd < OSTEOPOROSIS_BELOW_MG_CM3:
            return age, sex, vbmd


def _levels(rng: Rng, scanner: Scanner, tissues: Tissues, path_cm: float) -> tuple[LevelReading, ...]:
    names = ("T12", "L1") if rng.random() < LOW_SCANS else ("L1", "L2")
    starved_hu = max(0.0, path_cm - STARVED_FROM_CM) * STARVED_HU_PER_CM * float(rng.random())
    slope, found = scanner.slope_hu_per_mg_cm3(path_cm), []
    for name in names:
        sem = float(np.exp(rng.normal(np.log(1.3), 0.4)))
        noise = slope * rng.laplace(0, REGION_SD_MG_CM3 / np.sqrt(2)) + rng.normal(0, 1.1 * sem)
        hu = scanner.hu_of(trabecular(tissues, name), path_cm) + starved_hu + float(noise)
        found.append(LevelReading(VertebralLevel(name), hu, sem))
    return tuple(found)


def _tissues(rng: Rng, scanner: Scanner, tissues: Tissues, path_cm: float) -> dict[str, TissueReading | None]:
    """Every tissue that could be sampled; each patient draws all of them, so that one missing moves no other."""
    made_of, left = materials_of(tissues), float(rng.uniform(*FAT_LEFT))
    lean = Material("muscle", tissues.muscle_density, tissues.muscle_fat_share * left)
    typical = {
        "fat": scanner.hu_of(made_of[Structure.SUBCUTANEOUS_FAT], PERIPHERAL_PATH_CM),
        "muscle": scanner.hu_of(lean, path_cm),
        "blood": scanner.hu_of(made_of[Structure.AORTA], path_cm),
        "air": scanner.hu_of(made_of[Structure.AIR], path_cm) + abs(float(rng.normal(0, 4))),
        "cortex": scanner.hu_of(FEMORAL_CORTEX, path_cm) * float(rng.normal(CORTEX_SEEN, CORTEX_SEEN_SD)),
    }
    muscle_hu = scanner.hu_of(made_of[Structure.PARASPINAL_MUSCLE], path_cm)
    means = typical | {"muscle": muscle_hu, "fat": typical["fat"] + float(rng.gamma(2.0, 1.0))}
    errors = {name: float(np.exp(rng.normal(np.log(usual), 0.4))) for name, usual in SEM_HU.items()}
    found: dict[str, TissueReading | None] = {}
    for name, hu in typical.items():
        off, missing = float(rng.normal(0, errors[name])), rng.random() < MISSING[name]
        found[name] = None if missing else TissueReading(hu + off, means[name] + off, errors[name])
    return found
