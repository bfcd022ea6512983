"""Patients without images: what a scan would show of tissues and vertebrae, drawn with noise; the truth is exact.

Physics (slopes, expected tissue HU) comes from the tables that the estimator reads. Biology and scanners come from
other distributions than the estimator assumes (it takes normal ones):

    hardness of the beam   Laplace, SD 0.35, about standard filtration
    slope                  documented: the detector keeps none to all of its K fluorescence (the table: none), which
                           moves the slope by 0 to -5 % at 80 kVp and 0 to +2 % at 140; unknown: makers at -9, 0
                           and +9 %, each +-6.8 %, SD 8 %
    water                  Student t with 4 degrees of freedom, SD 2.5 HU, air stays; at the vertebra +-1.7 HU more
    blood                  two sexes, and a tenth with anaemia
    muscle                 fat within it gamma-distributed, more with age
    fat                    skewed towards low density
    level and region       Laplace

A documented scanner is drawn anew for each patient; an unknown one is shared by a hundred.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np

from cds.bone.anatomy import VertebralLevel
from cds.bone.category import OSTEOPOROSIS_BELOW_MG_CM3
from models.digital_patient.materials import MARROW_FAT_AT_120_KVP, expected_vbmd_mg_cm3
from models.digital_patient.scanner import KVP_NODES, MARROW_FAT_NODES
from models.hu_calibration.slope_table import SlopeTable, Tissue
from tests.benchmarks.calibration.observation import Case, LevelReading, Observation, ScannerState, TissueReading

SEED: Final = 421
NATURAL, ENRICHED = 421, 110
SHARING: Final = 100
"""Patients of one unknown scanner."""

KVP: Final = ((120.0, 0.52), (100.0, 0.24), (140.0, 0.09), (130.0, 0.06), (110.0, 0.05), (80.0, 0.04))
MAKERS: Final = ((-0.09, 0.3), (0.0, 0.4), (0.09, 0.3))
WITHIN_MAKER = 0.068
HARDNESS_SD = 0.35
REABSORBED: Final = (-0.05, -0.015, -0.003, 0.01, 0.016, 0.02)
"""What full re-absorption does to the slope at `KVP_NODES`; see the card of `models.hu_calibration`."""
WATER_SD_HU = 2.5
LOCAL_HU = 1.7
EXTRA_PATH_CM = (3.0, 5.0)
SKIN_PATH_CM = 10.0
CORTEX_MG_CM3 = 1140.0
"""Reads 1500 HU at 120 kVp; a fifth is lost where voxels are mixed with marrow."""
MISSING: Final = {"fat": 0.05, "muscle": 0.02, "blood": 0.06, "air": 0.03, "cortex": 0.0}

Rng = np.random.Generator


@dataclass(frozen=True, slots=True)
class DrawnScanner:
    """How one scanner differs from the table."""

    name: str
    kvp: float
    hardness: float
    slope_deviation: float
    water_hu: float

    def slope(self, path_cm: float) -> float:
        """HU per mg/cm3 K2HPO4."""
        table = _table()
        light, standard, hard = (table.slope_hu_per_mg_cm3(self.kvp, path_cm, f) for f in ("light", "standard", "hard"))
        return (standard + self.hardness * (hard - light) / 2) * (1 + self.slope_deviation)

    def tissue_hu(self, tissue: Tissue, density: float, path_cm: float) -> float:
        """HU of a tissue of some density relative to the table's, before the error of water."""
        table = _table()
        light, standard, hard = (table.tissue_hu(tissue, self.kvp, path_cm, f) for f in ("light", "standard", "hard"))
        return (1000 + standard + self.hardness * (hard - light) / 2) * density - 1000


@cache
def _table() -> SlopeTable:
    return SlopeTable.load()


def draw_cohort(state: ScannerState, *, natural: int = NATURAL, enriched: int = ENRICHED) -> list[Case]:
    """Patients at natural prevalence, then patients below 80; the same numbers give the same cohort."""
    return [draw_case(key, state, enriched=key >= natural) for key in range(natural + enriched)]


def draw_case(key: int, state: ScannerState, *, enriched: bool = False) -> Case:
    """One patient on one scanner."""
    for_scanner, for_patient, for_tissue, for_noise = _streams(key)
    scanner = documented_scanner(for_scanner, key) if state == "documented" else unknown_scanner(key // SHARING)
    age, vbmd = draw_patient(for_patient, enriched=enriched)
    diameter_cm = float(np.clip(18.5 + for_patient.gamma(7.0, 1.2), 20, 40))
    path_cm = diameter_cm + float(for_patient.uniform(*EXTRA_PATH_CM))
    observation = Observation(
        kvp=scanner.kvp,
        water_equivalent_diameter_cm=float(diameter_cm + for_noise.normal(0, 0.3)),
        levels=_levels(for_noise, scanner, vbmd, age, path_cm),
        age_years=int(age),
        scanner=state,
        **_tissues(for_tissue, scanner, age, path_cm),
    )
    return Case(
        key=key,
        observation=observation,
        vbmd_mg_cm3=vbmd,
        phantom=(scanner.slope(path_cm), scanner.water_hu),
        scanner=scanner.name,
        enriched=enriched,
    )


def drawn_vbmd(key: int) -> float:
    """The truth of one patient of natural prevalence, without a scan."""
    return draw_patient(_streams(key)[1], enriched=False)[1]


def _streams(key: int) -> list[Rng]:
    """For scanner, patient, tissues and noise."""
    return np.random.default_rng([SEED, key]).spawn(4)


def draw_patient(rng: Rng, *, enriched: bool) -> tuple[float, float]:
    """Age and vBMD: 133 +- 38 mg/cm3, one in twelve below 80; those added are all below."""
    while True:
        age = float(np.clip(rng.normal(54.5, 11.5), 30, 90))
        vbmd = float(np.clip(expected_vbmd_mg_cm3(age) + rng.normal(0, 27), 20, 260))
        if not enriched or vbmd < OSTEOPOROSIS_BELOW_MG_CM3:
            return age, vbmd


def documented_scanner(rng: Rng, key: int) -> DrawnScanner:
    """One whose filtration is near standard."""
    kvp, (hardness, water) = _pick(rng, KVP), _off(rng)
    deviation = float(rng.uniform() * np.interp(kvp, KVP_NODES, REABSORBED))
    return DrawnScanner(f"scanner of patient {key}", kvp, hardness, deviation, water)


def unknown_scanner(number: int) -> DrawnScanner:
    """One of which nothing is known; its patients share its error."""
    rng = np.random.default_rng([SEED, 8, number])
    kvp, (hardness, water) = _pick(rng, KVP), _off(rng)
    deviation = _pick(rng, MAKERS) + float(rng.uniform(-WITHIN_MAKER, WITHIN_MAKER))
    # the spread of 8 % is that of the whole slope: what hardness does to tissues comes on top, not to the slope
    table = _table()
    by_hardness = DrawnScanner("", kvp, hardness, 0.0, 0.0).slope(29.0) / table.slope_hu_per_mg_cm3(kvp, 29.0)
    return DrawnScanner(f"scanner {number}", kvp, hardness, (1 + deviation) / by_hardness - 1, water)


def _off(rng: Rng) -> tuple[float, float]:
    """Hardness and water."""
    water = float(np.clip(rng.standard_t(4) * WATER_SD_HU / np.sqrt(2), -10, 10))
    return float(np.clip(rng.laplace(0, HARDNESS_SD / np.sqrt(2)), -1, 1)), water


def _pick(rng: Rng, choices: Sequence[tuple[float, float]]) -> float:
    values, weights = zip(*choices, strict=True)
    return float(rng.choice(values, p=weights))


def _levels(rng: Rng, scanner: DrawnScanner, vbmd: float, age: float, path_cm: float) -> tuple[LevelReading, ...]:
    """L1 and L2; in one patient of seven L2 lies below the scan and T12 stands in."""
    apart, above, low = rng.laplace(0, 4 / np.sqrt(2)), rng.laplace(0, 8 / np.sqrt(2)), rng.random() < 1 / 7
    local_hu = float(rng.uniform(-LOCAL_HU, LOCAL_HU)) + max(0.0, path_cm - 36) * 0.5
    marrow = float(np.clip(22 + 0.5 * age + rng.normal(0, 7), 20, 85))
    by_kvp = (MARROW_FAT_AT_120_KVP - float(np.interp(scanner.kvp, KVP_NODES, MARROW_FAT_NODES))) * marrow
    bodies = {
        VertebralLevel.T12: 1.04 * vbmd + above,
        VertebralLevel.L1: vbmd - apart,
        VertebralLevel.L2: vbmd + apart,
    }
    del bodies[VertebralLevel.L2 if low else VertebralLevel.T12]
    slope, found = scanner.slope(path_cm), []
    for level, density in bodies.items():
        sem = float(np.exp(rng.normal(np.log(1.3), 0.4)))
        placed = density + by_kvp + float(rng.laplace(0, 2 / np.sqrt(2)))
        hu = slope * placed + scanner.water_hu + local_hu + float(rng.normal(0, 1.1 * sem))
        found.append(LevelReading(level, hu, sem))
    return tuple(found)


def _tissues(rng: Rng, scanner: DrawnScanner, age: float, path_cm: float) -> dict[str, TissueReading | None]:
    """Every tissue that could be sampled; each patient draws all of them, so that one missing moves no other."""
    sex, anaemic = rng.random() < 0.45, rng.random() < 0.1
    blood = rng.normal(0.986 if sex else 0.990, 0.004) - 0.007 * anaemic
    lean, fat = rng.normal(1.004, 0.004), 1.004 - rng.gamma(2.0, 0.0035)
    strands = float(np.clip(rng.gamma(5.0, max(0.06 + 0.003 * (age - 45), 0.02) / 5), 0.005, 0.4))
    left = strands * float(rng.uniform(0.1, 0.3))
    beside = rng.normal((3.0, 2.0), 1.0)
    muscle_hu = scanner.tissue_hu("muscle", lean, path_cm) + beside[0]
    gap_hu = muscle_hu - scanner.tissue_hu("fat", fat, path_cm)
    skin_hu = scanner.tissue_hu("fat", fat, SKIN_PATH_CM)
    cortex_hu = CORTEX_MG_CM3 * scanner.slope(path_cm) * rng.normal(0.8, 0.06)
    typical = {
        "fat": skin_hu,
        "muscle": muscle_hu - left * gap_hu,
        "blood": scanner.tissue_hu("blood", blood, path_cm) + beside[1],
        "air": -1000 + abs(float(rng.normal(0, 4))),
        "cortex": cortex_hu,
    }
    means = typical | {"muscle": muscle_hu - strands * gap_hu, "fat": skin_hu + float(rng.gamma(2.0, 1.0))}
    errors = np.exp(rng.normal(np.log((0.4, 0.6, 1.0, 0.3, 3.0)), 0.4))
    noise, missing = rng.normal(0, errors), rng.random(5)
    found: dict[str, TissueReading | None] = {}
    for place, (name, hu) in enumerate(typical.items()):
        off = scanner.water_hu * (1 + hu / 1000) + float(noise[place])
        reading = TissueReading(float(hu + off), float(means[name] + off), float(errors[place]))
        found[name] = None if missing[place] < MISSING[name] else reading
    return found
