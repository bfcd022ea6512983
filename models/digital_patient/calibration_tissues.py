"""Biology of the calibration cohort: other shapes and spreads than the calibration assumes of it.

The calibration takes normal distributions (blood 42 +- 8 HU, lean muscle 50 +- 8, fat +- 5.9). Here:

    vBMD            by age and sex, +- 27 between people alike: about 132.6 +- 37.7 mg/cm3 in all, as in the published
                    cohort; women lose 1.6 mg/cm3 a year more than men (check-up norms, roughly)
    blood           two sexes and an anaemic tail, chosen around what three real unenhanced scans read: 39, 42, 43.5 HU
    lean muscle     uniform over 12 HU of density
    fat in muscle   gamma, its mean rising by 0.45 % of volume a year from 40, more in women: chosen, after the
                    -10 HU of muscle in the old that makes fat-and-muscle lines fail
    fat             skewed towards low density: cells are fuller in the obese
    marrow fat      uniform +- 14 % about its age, +7 % in women past the menopause
    levels          L1 and L2 differ by 8 mg/cm3; the further a level, the further it strays from them, up to 17 (below)
"""

from typing import Final, Literal

import numpy as np

from models.digital_patient.materials import LEVEL_TREND_PERCENT, Tissues, expected_vbmd_mg_cm3
from models.digital_patient.structures import LEVELS

Sex = Literal["female", "male"]

BETWEEN_PEOPLE_SD_MG_CM3 = 27.0
L1_FROM_L2_SD_MG_CM3 = 8.0
STEP_UP_SD_MG_CM3, STEP_DOWN_SD_MG_CM3 = 11.0, 7.4
KEPT_OF_A_STEP = 0.775
"""A level strays from the mean of L1 and L2 as its neighbour nearer to them does, times 0.775, and by a Laplace step of
its own: SD 11 at T12, 15.5 at T10, 17 at T7, 8 at L3. So scatter Budoff's 300 people (2012): 36 mg/cm3 sqrt(1 - r^2),
r with L1-L3 0.95, 0.905, 0.88 and 0.975."""
EQUAL_AT_AGE, APART_PER_YEAR = 45.0, 0.8
"""Age at which women and men are alike, and how far each sex leaves the common line every year, in mg/cm3."""
COHORT_SHIFT_MG_CM3 = -2.0
"""From the line by age to the published mean."""
BLOOD_DENSITY: Final = {"female": 0.985, "male": 0.989}
"""Relative to the table's 1.06 g/cm3, which reads 56 HU: 40 and 44 HU."""
ANAEMIC: Final = {"female": 0.13, "male": 0.07}
MENOPAUSE_AGE = 51.0


def draw_vbmd_mg_cm3(rng: np.random.Generator, age: float, sex: Sex) -> float:
    """Mean of L1 and L2 of somebody of that age and sex."""
    by_sex = APART_PER_YEAR * (age - EQUAL_AT_AGE) * (-1 if sex == "female" else 1)
    mean = expected_vbmd_mg_cm3(age) + COHORT_SHIFT_MG_CM3 + by_sex
    return float(np.clip(mean + rng.normal(0, BETWEEN_PEOPLE_SD_MG_CM3), 20, 260))


def draw_calibration_tissues(rng: np.random.Generator, age: float, sex: Sex, vbmd_mg_cm3: float) -> Tissues:
    """One unenhanced patient; `vbmd_mg_cm3` is the mean of L1 and L2."""
    woman = sex == "female"
    blood = BLOOD_DENSITY[sex] + rng.uniform(-0.006, 0.006)
    anaemia, lost = rng.random() < ANAEMIC[sex], rng.gamma(2.0, 0.0035)
    muscle, fat = rng.uniform(0.998, 1.010), 1.004 - rng.gamma(2.0, 0.0035)
    strands_mean = 0.045 + 0.0045 * max(age - 40, 0) + 0.02 * woman
    strands = rng.gamma(2.2, strands_mean / 2.2)
    marrow = 22 + 0.5 * age + rng.uniform(-14, 14) + 7 * (woman and age > MENOPAUSE_AGE)
    return Tissues(
        age=age,
        vbmd_mg_cm3=_by_level(rng, vbmd_mg_cm3),
        marrow_fat_percent=float(np.clip(marrow, 15, 88)),
        muscle_fat_share=float(np.clip(strands, 0.005, 0.45)),
        blood_density=float(blood - lost * anaemia),
        muscle_density=float(muscle),
        fat_density=float(fat),
        contrast="none",
        lung_density=float(rng.uniform(0.08, 0.24)),
    )


def _by_level(rng: np.random.Generator, mean: float) -> dict[str, float]:
    first = LEVELS.index("L1")
    half = float(rng.laplace(0, L1_FROM_L2_SD_MG_CM3 / 2 / np.sqrt(2)))
    astray = np.zeros(len(LEVELS))
    astray[first], astray[first + 1] = half, -half
    for level in range(first - 1, -1, -1):
        astray[level] = KEPT_OF_A_STEP * astray[level + 1] + rng.laplace(0, STEP_UP_SD_MG_CM3 / np.sqrt(2))
    for level in range(first + 2, len(LEVELS)):
        astray[level] = KEPT_OF_A_STEP * astray[level - 1] + rng.laplace(0, STEP_DOWN_SD_MG_CM3 / np.sqrt(2))
    by_level = mean * (1 + np.array(LEVEL_TREND_PERCENT) / 100) + astray
    return {level: max(float(each), 5.0) for level, each in zip(LEVELS, by_level, strict=True)}
