"""What a scan shows of one patient, the same for every method, and what is true of them."""

from dataclasses import dataclass
from typing import Final, Literal

from cds.bone.anatomy import VertebralLevel
from models.digital_patient.materials import Material

ScannerState = Literal["documented", "unknown"]

FEMORAL_CORTEX: Final = Material("water", mineral_mg_cm3=1158.0)
"""Cortical bone of ICRU Report 44, 1.92 g/cm3: reads 1538 HU at 120 kVp behind 25 cm of water."""
CORTEX_SEEN: Final = 0.8
"""Share of it that is read, for voxels are mixed with marrow."""


@dataclass(frozen=True, slots=True)
class LevelReading:
    """Trabecular region of one vertebra."""

    level: VertebralLevel
    hu: float
    hu_sem: float


@dataclass(frozen=True, slots=True)
class TissueReading:
    """One tissue of the patient."""

    hu: float
    """Mode or median, which strands of fat and plaques do not move."""
    mean_hu: float
    """Of all of it."""
    sem_hu: float
    """Standard error of `hu`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """Readings of one unenhanced scan; None for a tissue that could not be sampled."""

    kvp: float
    water_equivalent_diameter_cm: float
    levels: tuple[LevelReading, ...]
    fat: TissueReading | None
    muscle: TissueReading | None
    blood: TissueReading | None
    air: TissueReading | None
    cortex: TissueReading | None
    age_years: int
    scanner: ScannerState


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One patient with the truth, K2HPO4 basis."""

    key: int
    observation: Observation
    vbmd_mg_cm3: float
    """Mean of L1 and L2."""
    phantom: tuple[float, float]
    """Slope in HU per mg/cm3 and offset in HU that an ideal phantom in the patient's place would give."""
    scanner: str
    """Patients of one scanner share its error."""
    enriched: bool
    """One of those added below 80, not of the natural prevalence."""
