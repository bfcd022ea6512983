"""The methods side by side: each turns the same readings of a scan into one value for the patient.

Levels are chosen, converted and averaged for all of them as the product does; only the way from HU to mg/cm3 differs.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import hypot
from typing import Final

from cds.bone.category import categorise
from cds.bone.density import REGION_SD_MG_CM3, interval95
from cds.bone.level_conversion import CONVERSIONS, choose_levels
from cds.bone.probability import probability_osteoporosis_range
from cds.inference.calibrator import LUMBAR_EXTRA_CM
from models.hu_calibration.slope_table import SlopeTable
from tests.benchmarks.calibration import mass_attenuation
from tests.benchmarks.calibration.lines import Density, learned
from tests.benchmarks.calibration.observation import Case, Observation

SLOPE_SD: Final = {"documented": 0.027, "unknown": 0.08}
"""Of the slope table alone: 2 % of the detector model with what hardness (SD 0.35) does, or nothing known."""
WATER_SD_HU: Final = 2.5


@dataclass(frozen=True, slots=True)
class Answer:
    """What one method says of one patient, mg/cm3."""

    vbmd_mg_cm3: float
    sd_mg_cm3: float | None
    """None where the method states no uncertainty."""
    category: str | None
    probability: float | None
    ci95_mg_cm3: tuple[float, float] | None


Method = Callable[[Observation], Answer | None]
"""One way to read a scan; None where it cannot."""


def answer_of(vbmd_mg_cm3: float, sd_mg_cm3: float | None) -> Answer:
    """The product's rules on a value, rounded as it is shown. Everybody counts as old enough for a category."""
    value = round(vbmd_mg_cm3, 1)
    interval = interval95(value, sd_mg_cm3 or 0.0)
    call = categorise(value, interval, contrast="none", age_years=None)
    if sd_mg_cm3 is None:
        return Answer(value, None, call.category, None, None)
    return Answer(value, sd_mg_cm3, call.category, probability_osteoporosis_range(value, sd_mg_cm3, "none"), interval)


def read_with(seen: Observation, density: Density | None) -> Answer | None:
    """A value without uncertainty from a way to turn HU into mg/cm3."""
    choice = choose_levels([each.level for each in seen.levels])
    if density is None or choice is None:
        return None
    used = [each for each in seen.levels if each.level in choice.levels]
    return answer_of(sum(density(each.hu) / CONVERSIONS[each.level].ratio for each in used) / len(used), None)


def by_slope_table(seen: Observation) -> Answer | None:
    """Slope by kVp and size, water at 0 HU; its interval from what is known of the scanner."""
    choice = choose_levels([each.level for each in seen.levels])
    if choice is None:
        return None
    slope = _table().slope_hu_per_mg_cm3(seen.kvp, seen.water_equivalent_diameter_cm + LUMBAR_EXTRA_CM)
    used = [each for each in seen.levels if each.level in choice.levels]
    value = sum(each.hu / slope / CONVERSIONS[each.level].ratio for each in used) / len(used)
    independent = hypot(*(hypot(each.hu_sem / slope, REGION_SD_MG_CM3) for each in used)) / len(used)
    shared = hypot(value * SLOPE_SD[seen.scanner], WATER_SD_HU / slope)
    return answer_of(value, hypot(independent, shared, choice.residual_sd_mg_cm3))


@cache
def _table() -> SlopeTable:
    return SlopeTable.load()


def by_mass_attenuation(seen: Observation) -> Answer | None:
    """Michalski et al. 2020, on the mean HU of every tissue that was sampled."""
    readings = {name: getattr(seen, name) for name in mass_attenuation.REFERENCES}
    fit = mass_attenuation.fitted({name: each.mean_hu for name, each in readings.items() if each is not None})
    return read_with(seen, None if fit is None else fit.vbmd_mg_cm3)


def methods_for(patients_on_phantom: Sequence[Case]) -> Mapping[str, Method]:
    """Every competing method by its name; the lines learn from `patients_on_phantom`."""
    fat_muscle = learned(("fat", "muscle"), patients_on_phantom)
    fat_lean = learned(("fat", "muscle"), patients_on_phantom, lean=True)
    air_blood = learned(("air", "blood"), patients_on_phantom)
    return {
        "slope table alone": by_slope_table,
        "fat + muscle line": lambda seen: read_with(seen, fat_muscle.density_of_hu(seen)),
        "fat + lean muscle line": lambda seen: read_with(seen, fat_lean.density_of_hu(seen)),
        "air + blood line": lambda seen: read_with(seen, air_blood.density_of_hu(seen)),
        "mass attenuation": by_mass_attenuation,
    }


Methods = Callable[[Sequence[Case]], Mapping[str, Method]]
