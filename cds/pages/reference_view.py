"""The patient beside people of the same age and sex, named as the site chose them."""

from dataclasses import dataclass

from cds.bone.assessment import Assessment
from cds.bone.reference import NORMS, Norm
from cds.bone.trend import is_thoracic_estimate
from cds.ct.patient import Sex
from cds.pages.charts import ReferenceChart, reference_chart
from cds.pages.language import Wording
from cds.ports import StoredResult

_DAYS_IN_A_YEAR = 365.25


@dataclass(frozen=True, slots=True)
class ReferenceView:
    """A sentence, and a chart where there is something to draw."""

    sentence: str
    source: str = ""
    chart: ReferenceChart | None = None


def reference_view(result: StoredResult, wording: Wording) -> ReferenceView:
    """By the Z-score as it was measured; the norm of today is not put in the place of none."""
    assessment, say = result.assessment, wording.say
    if assessment.vbmd_mg_cm3 is None:
        return ReferenceView(say("There is no value to compare."))
    if assessment.z_score is None or assessment.population is None:
        return ReferenceView(_why_not(assessment, wording))
    norm = NORMS.get(assessment.population)
    if norm is None:
        name = assessment.population
        return ReferenceView(say("Z-score {z}, population {name}.", z=f"{assessment.z_score:.1f}", name=name))
    source = say("Reference: {people} ({source}), on the K2HPO4 scale.", people=say(norm.people), source=norm.source)
    return ReferenceView(_sentence(assessment, norm, wording), source, _chart(result, norm))


def _why_not(assessment: Assessment, wording: Wording) -> str:
    """Why there is no Z-score; whether the site named a population is not in the record."""
    say = wording.say
    if assessment.contrast.state != "none":
        return say("Not compared: contrast medium raises the reading.")
    if is_thoracic_estimate(assessment):
        return say("Not compared: an estimate from thoracic vertebrae is too uncertain.")
    if "level-ambiguous" in assessment.flags:
        return say("Not compared: the vertebrae may be named one level too high or too low.")
    return say("Not compared: this site named no reference population, or age or sex are unknown or outside of it.")


def _sentence(assessment: Assessment, norm: Norm, wording: Wording) -> str:
    z = assessment.z_score or 0.0
    away = f"{abs(z):.1f}"
    people = wording.say(norm.people)
    if away == "0.0":
        return wording.say("At the mean of people of this age and sex among {people} (Z-score 0.0).", people=people)
    facts = {"away": away, "people": people, "z": f"{z:.1f}"}
    if z < 0:
        return wording.say(
            "{away} standard deviations below the mean of people of this age and sex among {people} (Z-score {z}).",
            **facts,
        )
    return wording.say(
        "{away} standard deviations above the mean of people of this age and sex among {people} (Z-score {z}).",
        **facts,
    )


def _chart(result: StoredResult, norm: Norm) -> ReferenceChart | None:
    """None where the age comes from the images alone, as a number that the record does not keep."""
    assessment = result.assessment
    acquisition = assessment.acquisition
    born = acquisition.patient_birth_date or result.patient.birth_date
    sex: Sex | None = acquisition.patient_sex or result.patient.sex
    value, interval, day = assessment.vbmd_mg_cm3, assessment.ci95_mg_cm3, acquisition.study_date
    if born is None or sex is None or value is None or interval is None or day is None:
        return None
    return reference_chart(norm, sex, (day - born).days / _DAYS_IN_A_YEAR, value, interval)
