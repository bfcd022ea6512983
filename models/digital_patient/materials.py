"""What every structure is made of, and how dense the bone of each vertebra is: the truth of a patient.

A material is a base tissue of some density, part of it replaced by fat, with mineral and iodine in
it. Nothing here knows a tube voltage: `scanner.py` turns materials into HU, and a projector could
as well turn them into attenuation.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from models.digital_patient.findings import LungState
from models.digital_patient.structures import LEVELS, Structure

Base = Literal["air", "water", "fat", "muscle", "blood"]
Contrast = Literal["none", "arterial", "venous"]

LEVEL_TREND_PERCENT = (
    *(68, 58, 43, 31.5, 28.5, 26.5, 23.5, 19.5, 15.5, 11.6, 10, 8.2, 6.5, 4.5, 2.5),  # C5 to T12
    *(1, -1, -4.4, -3, 1, 3),
)
"""vBMD above the mean of L1 and L2; T1-L3 after Budoff et al. 2012, who state it above L1-L3, 1.5 % less than L1-L2;
the rest assumed."""
BETWEEN_LEVELS_SD = 5.0
AORTIC_IODINE_MG_ML = {"none": 0.0, "arterial": 12.0, "venous": 6.0}
MARROW_BLOOD_SHARE = 0.09
MARROW_FAT_AT_120_KVP = 0.45
"""mg/cm3 K2HPO4 that one percent of marrow fat takes from a reading at 120 kVp."""
COMPACT_BONE_MG_CM3 = 980.0
LUNG_DENSITY: dict[LungState, tuple[float, float]] = {
    "usual": (0.11, 0.21),
    "emphysema": (0.05, 0.09),
    "fibrosis": (0.25, 0.42),
}
"""Relative to blood, in inspiration."""


@dataclass(frozen=True, slots=True)
class Material:
    """A base tissue, altered."""

    base: Base
    density: float = 1.0
    """Relative to the base tissue's own."""
    fat_share: float = 0.0
    """Of the volume, replaced by fat."""
    mineral_mg_cm3: float = 0.0
    """K2HPO4 equivalent, above water."""
    marrow_fat_percent: float = 0.0
    iodine_mg_ml: float = 0.0


@dataclass(frozen=True, slots=True)
class Tissues:
    """One patient's biology."""

    age: float
    vbmd_mg_cm3: Mapping[str, float]
    """Trabecular density by level as QCT at 120 kVp reads it, K2HPO4 basis: marrow fat lowers it."""
    marrow_fat_percent: float
    muscle_fat_share: float
    blood_density: float
    muscle_density: float
    fat_density: float
    contrast: Contrast
    lung_density: float = 0.15

    @property
    def aortic_iodine_mg_ml(self) -> float:
        """Iodine in the blood of the aorta."""
        return AORTIC_IODINE_MG_ML[self.contrast]


def expected_vbmd_mg_cm3(age: float) -> float:
    """Mean of L1 and L2 by age; 133 +- 38 in a cohort of 54.5 +- 11.5 years with 27 between people of one age."""
    return 182.0 - 2.1 * max(age - 32.0, 0.0)


def draw_tissues(
    rng: np.random.Generator,
    age: float | None,
    vbmd_mg_cm3: float | None,
    contrast: Contrast,
    lung: LungState = "usual",
) -> Tissues:
    """Biology from a seed; `vbmd_mg_cm3` fixes the mean of L1 and L2."""
    drawn_age, spread = float(np.clip(rng.normal(62, 13), 30, 90)), float(rng.normal(0, 27))
    own = rng.normal(0, BETWEEN_LEVELS_SD, len(LEVELS))
    marrow, muscle_fat = float(rng.normal(0, 7)), float(rng.normal(0, 0.05))
    blood, muscle, fat = rng.normal((0.990, 1.002, 1.0), (0.005, 0.004, 0.006))
    lung_share = float(rng.uniform(0, 1))
    age = drawn_age if age is None else age
    mean = float(np.clip(expected_vbmd_mg_cm3(age) + spread, 20, 260)) if vbmd_mg_cm3 is None else vbmd_mg_cm3
    by_level = mean * (1 + np.array(LEVEL_TREND_PERCENT) / 100) + own
    first = LEVELS.index("L1")
    by_level += mean - by_level[first : first + 2].mean()
    return Tissues(
        age=age,
        vbmd_mg_cm3={level: max(float(each), 5.0) for level, each in zip(LEVELS, by_level, strict=True)},
        marrow_fat_percent=float(np.clip(22 + 0.5 * age + marrow, 20, 85)),
        muscle_fat_share=float(np.clip(0.04 + 0.0035 * (age - 40) + muscle_fat, 0.02, 0.35)),
        blood_density=float(blood),
        muscle_density=float(muscle),
        fat_density=float(fat),
        contrast=contrast,
        lung_density=LUNG_DENSITY[lung][0] + lung_share * (LUNG_DENSITY[lung][1] - LUNG_DENSITY[lung][0]),
    )


def trabecular(tissues: Tissues, level: str) -> Material:
    """The core of a vertebral body."""
    fat = tissues.marrow_fat_percent
    return Material(
        "water",
        mineral_mg_cm3=tissues.vbmd_mg_cm3[level] + MARROW_FAT_AT_120_KVP * fat,
        marrow_fat_percent=fat,
        iodine_mg_ml=MARROW_BLOOD_SHARE * tissues.aortic_iodine_mg_ml,
    )


def compact() -> Material:
    """Cortical bone, as much as a voxel that it fills would hold."""
    return Material("water", mineral_mg_cm3=COMPACT_BONE_MG_CM3)


def materials_of(tissues: Tissues) -> dict[Structure, Material]:
    """Every structure's material; bones of the spine take theirs from `trabecular` by level."""
    blood, flesh, iodine = tissues.blood_density, tissues.muscle_density, tissues.aortic_iodine_mg_ml
    vein = {"none": 0.0, "arterial": 2.0, "venous": 5.5}[tissues.contrast]
    perfused = {"none": 0.0, "arterial": 0.12, "venous": 0.4}[tissues.contrast]
    lumbar = sum(tissues.vbmd_mg_cm3[level] for level in ("L1", "L2")) / 2
    lean = tissues.muscle_fat_share
    return {
        Structure.AIR: Material("air"),
        Structure.SKIN: Material("muscle", flesh * 1.005),
        Structure.SUBCUTANEOUS_FAT: Material("fat", tissues.fat_density),
        Structure.MUSCLE: Material("muscle", flesh, lean * 0.8, iodine_mg_ml=0.04 * iodine),
        Structure.PARASPINAL_MUSCLE: Material("muscle", flesh, lean, iodine_mg_ml=0.04 * iodine),
        Structure.PSOAS: Material("muscle", flesh * 1.002, lean * 0.5, iodine_mg_ml=0.04 * iodine),
        Structure.VISCERAL_FAT: Material("fat", tissues.fat_density * 1.004),
        Structure.LUNG: Material("blood", tissues.lung_density),
        Structure.AIRWAY: Material("air"),
        Structure.HEART: Material("blood", blood, iodine_mg_ml=(iodine + vein) / 2.4),
        Structure.LIVER: Material("muscle", 1.012, 0.04, iodine_mg_ml=perfused * 5),
        Structure.SPLEEN: Material("muscle", 1.004, iodine_mg_ml=perfused * 6),
        Structure.KIDNEY: Material("muscle", 0.99, iodine_mg_ml=0.6 * iodine),
        Structure.BOWEL: Material("muscle", 0.985, iodine_mg_ml=perfused),
        Structure.BOWEL_GAS: Material("air"),
        Structure.AORTA: Material("blood", blood, iodine_mg_ml=iodine),
        Structure.VEIN: Material("blood", blood, iodine_mg_ml=vein),
        Structure.PLAQUE: Material("blood", blood, mineral_mg_cm3=450.0),
        Structure.DISC: Material("muscle", 1.038),
        Structure.CANAL: Material("water", mineral_mg_cm3=18.0),
        Structure.BODY_CORTEX: Material("water", mineral_mg_cm3=lumbar + 40),
        Structure.BODY_TRABECULAR: Material("water", mineral_mg_cm3=lumbar),
        Structure.POSTERIOR_ELEMENTS: Material("water", mineral_mg_cm3=lumbar + 55),
        Structure.OSTEOPHYTE: Material("water", mineral_mg_cm3=380.0),
        Structure.RIB: Material("water", mineral_mg_cm3=lumbar * 0.6 + 30),
        Structure.CARTILAGE: Material("muscle", 1.03, mineral_mg_cm3=30.0),
        Structure.STERNUM: Material("water", mineral_mg_cm3=lumbar * 0.45 + 10),
        Structure.SACRUM: Material("water", mineral_mg_cm3=lumbar * 0.8),
        Structure.HIP: Material("water", mineral_mg_cm3=lumbar * 0.9 + 20),
        Structure.ARM_BONE: Material("water", mineral_mg_cm3=lumbar * 0.5 + 30),
        Structure.CEMENT: Material("water", mineral_mg_cm3=1300.0),
        Structure.METAL: Material("water", mineral_mg_cm3=6000.0),
        Structure.TABLE: Material("water", 0.8),
        Structure.FLUID: Material("water", 1.012),
        Structure.ORAL_CONTRAST: Material("water", 1.0, iodine_mg_ml=11.0),
        Structure.LUNG_VESSEL: Material("blood", blood, iodine_mg_ml=(iodine + vein) / 2),
    }
