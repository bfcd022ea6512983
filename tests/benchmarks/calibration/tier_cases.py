"""Twenty digital patients in which both tiers are held against each other."""

from dataclasses import dataclass
from typing import Final, Literal

from models.digital_patient.anatomy import PatientOptions
from models.digital_patient.simulate import ScanRequest
from models.hu_calibration.slope_table import Filtration

Level = Literal["L1", "T8"]


@dataclass(frozen=True, slots=True)
class TierCase:
    """One slice through the middle of one body of one patient."""

    seed: int
    kvp: float
    filtration: Filtration
    level: Level
    fat_mm: float
    vbmd_mg_cm3: float

    @property
    def request(self) -> ScanRequest:
        """The patient: arms up, unenhanced, no findings."""
        options = PatientOptions(arms="up", fat_mm=self.fat_mm, breast_mm=0.0, scoliosis_deg=0.0)
        return ScanRequest(vbmd_mg_cm3=self.vbmd_mg_cm3, patient=options)


CASES: Final = (
    TierCase(801, 80.0, "standard", "L1", 8.0, 60.0),
    TierCase(802, 80.0, "standard", "L1", 18.0, 120.0),
    TierCase(803, 80.0, "light", "T8", 12.0, 90.0),
    TierCase(804, 80.0, "hard", "L1", 14.0, 160.0),
    TierCase(805, 100.0, "standard", "L1", 6.0, 150.0),
    TierCase(806, 100.0, "standard", "L1", 20.0, 75.0),
    TierCase(807, 100.0, "standard", "T8", 16.0, 110.0),
    TierCase(808, 100.0, "light", "L1", 30.0, 100.0),
    TierCase(809, 100.0, "hard", "T8", 10.0, 60.0),
    TierCase(810, 120.0, "standard", "L1", 6.0, 40.0),
    TierCase(811, 120.0, "standard", "L1", 14.0, 80.0),
    TierCase(812, 120.0, "standard", "L1", 24.0, 120.0),
    TierCase(813, 120.0, "standard", "L1", 38.0, 180.0),
    TierCase(814, 120.0, "standard", "T8", 8.0, 130.0),
    TierCase(815, 120.0, "standard", "T8", 28.0, 70.0),
    TierCase(816, 120.0, "light", "L1", 18.0, 100.0),
    TierCase(817, 120.0, "hard", "L1", 18.0, 100.0),
    TierCase(818, 140.0, "standard", "L1", 10.0, 90.0),
    TierCase(819, 140.0, "standard", "L1", 34.0, 140.0),
    TierCase(820, 140.0, "standard", "T8", 18.0, 200.0),
)
"""All four voltages, three filtrations, thin to stout, abdomen and chest, 40 to 200 mg/cm3."""
