"""What fat, muscle and blood should read in a scan, and how far a person may differ from it.

    E(kVp, D) = mean at 120 kVp + table(kVp, D) - table(120 kVp, D0)

The mean comes from real unenhanced scans, because the tables disagree with them (blood of ICRU 44
reads 56, of patients 42); how it changes with voltage and size comes from the tables. Two errors are
kept apart: of the mean (few scans, few scanners) and between people. Neither is an error of
measurement, which belongs to the sample.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import hypot
from types import MappingProxyType
from typing import Final

from models.hu_calibration.slope_table import SlopeTable, Tissue

REFERENCE_KVP: Final = 120.0


@dataclass(frozen=True, slots=True)
class TissuePrior:
    """One tissue at 120 kVp."""

    mean_hu: float
    mean_sd_hu: float
    """How wrong the mean may be: it rests on a handful of scans from as many scanners."""
    between_people_sd_hu: float
    water_path_cm: float
    """D0, where the mean holds."""
    source: str

    @property
    def sd_hu(self) -> float:
        """Both together."""
        return hypot(self.mean_sd_hu, self.between_people_sd_hu)


TISSUE_PRIORS: Final[Mapping[Tissue, TissuePrior]] = MappingProxyType(
    {
        "fat": TissuePrior(
            mean_hu=-102.0,
            mean_sd_hu=8.0,
            between_people_sd_hu=5.9,
            water_path_cm=10.0,
            source="five real scans read -110, -109, -107, -100, -85 (120 kVp known of three); the table says -108",
        ),
        "muscle": TissuePrior(
            mean_hu=40.0,
            mean_sd_hu=12.0,
            between_people_sd_hu=5.7,
            water_path_cm=29.0,
            source="modes beside the spine in four real unenhanced scans read 27, 34, 34, 49; the table says 43",
        ),
        "blood": TissuePrior(
            mean_hu=42.0,
            mean_sd_hu=8.0,
            between_people_sd_hu=4.8,
            water_path_cm=29.0,
            source="three real unenhanced scans read 39, 43, 46; the table says 56 (haematocrit, ICRU 44)",
        ),
    }
)
"""Between people: haematocrit 0.36-0.50, water and lipid of muscle and fat (computed from composition)."""


def expected_hu(table: SlopeTable, tissue: Tissue, kvp: float, water_path_cm: float) -> float:
    """HU that the tissue of most people reads; standard filtration, a scanner without offset."""
    return TISSUE_PRIORS[tissue].mean_hu + _shift_hu(table, tissue, kvp, water_path_cm)


def hu_at_120_kvp(table: SlopeTable, tissue: Tissue, hu: float, kvp: float, water_path_cm: float) -> float:
    """What the tissue would have read at 120 kVp and its usual water path."""
    return hu - _shift_hu(table, tissue, kvp, water_path_cm)


def hu_per_hardness(table: SlopeTable, tissue: Tissue, kvp: float, water_path_cm: float) -> float:
    """G: HU that the tissue gains when filtration goes from standard to hard."""
    hard, light = (table.tissue_hu(tissue, kvp, water_path_cm, filtration) for filtration in ("hard", "light"))
    return (hard - light) / 2


def _shift_hu(table: SlopeTable, tissue: Tissue, kvp: float, water_path_cm: float) -> float:
    usual_cm = TISSUE_PRIORS[tissue].water_path_cm
    return table.tissue_hu(tissue, kvp, water_path_cm) - table.tissue_hu(tissue, REFERENCE_KVP, usual_cm)
