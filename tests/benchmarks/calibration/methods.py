"""The methods side by side: each turns the same readings of a scan into one value for the patient.

Levels are chosen, converted and averaged for all of them as the product does; only the way from HU to mg/cm3 differs.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from cds.bone.category import categorise
from cds.bone.density import density_of, interval95, patient_density
from cds.bone.level_conversion import CONVERSIONS, THORACIC, choose_levels
from cds.bone.patient_size import water_path_cm
from cds.bone.probability import probability_osteoporosis_range
from cds.bone.tissue_sample import Tissue, TissueSample
from cds.ct.acquisition import CtSeries
from cds.ct.patient import ArchivedPatient
from cds.inference.calibrator import PhysicsCalibrator
from models.hu_calibration.scanner_prior import DOCUMENTED_SCANNER, UNKNOWN_SCANNER, ScannerPrior
from tests.benchmarks.calibration import mass_attenuation
from tests.benchmarks.calibration.lines import Density, learned
from tests.benchmarks.calibration.observation import Case, Observation, ScannerState

THIS: Final = "this one"
PRIORS: Final[Mapping[ScannerState, ScannerPrior]] = {"documented": DOCUMENTED_SCANNER, "unknown": UNKNOWN_SCANNER}

PERIPHERAL_PATH_CM: Final = 10.0
"""Water path of the beam that sees fat under the skin; the product's own."""


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


def this_one(seen: Observation) -> Answer | None:
    """The product: slope from physics, offset and hardness from the patient's tissues by MAP."""
    return _calibrated(seen, samples_of(seen))


def by_slope_table(seen: Observation) -> Answer | None:
    """The same without tissues: slope by kVp and size, water at 0 HU."""
    return _calibrated(seen, ())


def _calibrated(seen: Observation, samples: Sequence[TissueSample]) -> Answer | None:
    """As the product goes from regions to a patient's value, without the images."""
    choice = choose_levels([each.level for each in seen.levels])
    if choice is None:
        return None
    series, calibrator = _series(seen.kvp), _calibrator(seen.scanner)
    densities = {}
    for each in seen.levels:
        calibration = calibrator.calibrate(
            series, seen.water_equivalent_diameter_cm, thoracic=each.level in THORACIC, samples=samples
        )
        densities[each.level] = density_of(each, calibration)
    density = patient_density(densities, choice)
    return answer_of(density.vbmd_mg_cm3, density.sd_mg_cm3)


@cache
def _calibrator(scanner: ScannerState) -> PhysicsCalibrator:
    return PhysicsCalibrator(scanner_prior=lambda _: PRIORS[scanner])


@cache
def _series(kvp: float) -> CtSeries:
    return CtSeries(study_uid="1", series_uid="2", patient=ArchivedPatient("BENCHMARK"), modality="CT", kvp=kvp)


def samples_of(seen: Observation) -> tuple[TissueSample, ...]:
    """Readings as the product's samples; the count and spread of their values enter no estimate."""
    path_cm = water_path_cm(seen.water_equivalent_diameter_cm, thoracic=False)
    paths: dict[Tissue, float] = {"fat": PERIPHERAL_PATH_CM, "muscle": path_cm, "blood": path_cm, "air": 0.0}
    readings = ((tissue, getattr(seen, tissue), path) for tissue, path in paths.items())
    return tuple(
        TissueSample(tissue=tissue, count=1, hu=each.hu, sd_hu=0.0, sem_hu=each.sem_hu, water_path_cm=path)
        for tissue, each, path in readings
        if each is not None
    )


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
        THIS: this_one,
        "slope table alone": by_slope_table,
        "fat + muscle line": lambda seen: read_with(seen, fat_muscle.density_of_hu(seen)),
        "fat + lean muscle line": lambda seen: read_with(seen, fat_lean.density_of_hu(seen)),
        "air + blood line": lambda seen: read_with(seen, air_blood.density_of_hu(seen)),
        "mass attenuation": by_mass_attenuation,
    }


Methods = Callable[[Sequence[Case]], Mapping[str, Method]]
