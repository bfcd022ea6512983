"""The result for the patient: value, interval, category, probability, Z-score."""

from collections.abc import Mapping
from dataclasses import dataclass

from cds.bone.anatomy import VertebralLevel
from cds.bone.assessment import Category, ContrastState, Interval, IntervalKind, Premises
from cds.bone.category import categorise
from cds.bone.density import LevelDensity, PatientDensity, patient_density
from cds.bone.level_conversion import LevelChoice
from cds.bone.probability import probability_osteoporosis_range
from cds.bone.reference import norm_named, z_score


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientResult:
    """What the assessment says about the patient; mg/cm3, K2HPO4 basis."""

    vbmd_mg_cm3: float
    ci95_mg_cm3: Interval
    interval_kind: IntervalKind
    category: Category | None
    probability_osteoporosis_range: float | None
    z_score: float | None
    flags: tuple[str, ...]


def patient_result(
    densities: Mapping[VertebralLevel, LevelDensity],
    choice: LevelChoice,
    *,
    contrast: ContrastState,
    ambiguous: bool,
    premises: Premises,
) -> PatientResult:
    """Combine the chosen levels and judge the value, rounded to 0.1 as it is shown.

    No category below 50 years, hence no probability. A Z-score only for an unenhanced lumbar
    value of levels named with confidence: an upper or thoracic estimate has no place among the norms.
    """
    density = _rounded(patient_density(densities, choice, ambiguous=ambiguous))
    age, sex, population = premises.age_years, premises.sex, premises.population
    thoracic = "thoracic-estimate" in choice.flags
    call = categorise(density.vbmd_mg_cm3, density.ci95_mg_cm3, contrast=contrast, age_years=age, thoracic=thoracic)
    prior = norm_named(population).expected_k2hpo4(age, sex) if population is not None else None
    probability = None
    if call.category is not None:
        probability = probability_osteoporosis_range(density.vbmd_mg_cm3, density.sd_mg_cm3, contrast, prior)
    comparable = contrast == "none" and not thoracic and not ambiguous
    low, high = call.ci95_mg_cm3
    return PatientResult(
        vbmd_mg_cm3=density.vbmd_mg_cm3,
        ci95_mg_cm3=(round(low, 1), round(high, 1)),
        interval_kind=call.interval_kind,
        category=call.category,
        probability_osteoporosis_range=probability,
        z_score=z_score(density.vbmd_mg_cm3, age, sex, population) if comparable else None,
        flags=(*choice.flags, *call.flags),
    )


def _rounded(density: PatientDensity) -> PatientDensity:
    """To 0.1 mg/cm3, so that the category always follows the number that is shown."""
    return PatientDensity(round(density.vbmd_mg_cm3, 1), density.sd_mg_cm3)
