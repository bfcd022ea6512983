"""A stored result as the lines of a report page; the template only lays them out."""

from collections.abc import Collection
from dataclasses import dataclass

from cds.bone import words
from cds.bone.assessment import Assessment, LevelMeasurement
from cds.bone.category import thresholds_within
from cds.ct.patient import PatientIdentity
from cds.pages.charts import ScaleChart, scale_chart
from cds.pages.correction_view import corrections_said
from cds.pages.illustration import Illustration
from cds.pages.language import Wording
from cds.pages.left_out_view import series_left_out
from cds.pages.method import Fact, acquisition_facts, method_facts
from cds.pages.reference_view import ReferenceView, reference_view
from cds.pages.sentences import category_said, flag_said, fractures_said, reason_said
from cds.pages.trend_view import TrendView, trend_view
from cds.ports import History, Review, StoredResult


@dataclass(frozen=True, slots=True)
class LevelRow:
    """One vertebra."""

    level: str
    density: str
    interval: str
    hu: str
    roi_cm3: str
    height_loss: str
    used: bool
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReportView:
    """Everything the page says."""

    patient: tuple[Fact, ...]
    scanned: str
    value: str | None
    interval: str | None
    upper_estimate: bool
    where: str
    """Which vertebrae the value was measured in."""
    category: str
    certainty: str
    scale: ScaleChart | None
    reading: str
    corrections: tuple[str, ...]
    """What a reader corrected, and what it was before."""
    reasons: tuple[str, ...]
    """Why there is no value."""
    fractures: tuple[str, ...]
    """Possible ones, to be looked at before all else."""
    remarks: tuple[str, ...]
    illustration: Illustration
    reference: ReferenceView
    trend: TrendView
    levels_are_upper_estimates: bool
    levels: tuple[LevelRow, ...]
    left_out: tuple[str, ...]
    facts: tuple[Fact, ...]


def view_of(result: StoredResult, history: History, illustration: Illustration, wording: Wording) -> ReportView:
    """The page of one result, assessed or not. `history`: the patient's results, this one among them or not."""
    assessment = result.assessment
    value, interval = assessment.vbmd_mg_cm3, assessment.ci95_mg_cm3
    assessed = assessment.status == "assessed"
    reasons = tuple(reason_said(each, wording) for each in assessment.reasons)
    return ReportView(
        patient=_patient(result.patient, wording),
        scanned=wording.day(assessment.acquisition.study_date),
        value=None if value is None else words.mg_words(value),
        interval=None if interval is None else words.interval_words(interval),
        upper_estimate=assessment.interval_kind == "upper-estimate",
        where=_where(assessment, wording),
        category=category_said(assessment, wording),
        certainty=_certainty(assessment, wording),
        scale=None if value is None or interval is None else scale_chart(value, interval),
        reading=_reading(result.review, wording),
        corrections=corrections_said(result, wording),
        reasons=() if assessed else reasons,
        fractures=tuple(fractures_said(assessment, wording)),
        remarks=tuple(flag_said(flag, wording) for flag in assessment.flags),
        illustration=illustration,
        reference=reference_view(result, wording),
        trend=trend_view(result, history, wording),
        levels_are_upper_estimates=words.levels_are_upper_estimates(assessment),
        levels=_rows(assessment, wording),
        left_out=(*(reasons if assessed else ()), *series_left_out(assessment, wording)),
        facts=(*acquisition_facts(assessment, wording), *method_facts(result, wording)),
    )


def _reading(review: Review | None, wording: Wording) -> str:
    """Whether a person has accepted it; what was rejected is not shown at all."""
    if review is None or review.decision == "rejected":
        return wording.say("The result is preliminary: software measured it, and no reader has accepted it yet.")
    day = wording.day(review.at.date())
    if review.decision == "corrected":
        return wording.say("Software measured it; {reader} corrected it on {day}.", reader=review.reader_shown, day=day)
    return wording.say("Software measured it; {reader} accepted it on {day}.", reader=review.reader_shown, day=day)


def _patient(patient: PatientIdentity, wording: Wording) -> tuple[Fact, ...]:
    say = wording.say
    sex = {"male": say("male"), "female": say("female"), None: say("not recorded")}[patient.sex]
    return (
        (say("Patient identifier"), patient.key.patient_id),
        (say("Birth date"), wording.day(patient.birth_date) if patient.birth_date else say("not recorded")),
        (say("Sex"), sex),
    )


def _where(assessment: Assessment, wording: Wording) -> str:
    levels = words.levels_words(assessment.levels_used)
    if words.is_estimate(assessment):
        return wording.say("trabecular bone density at L1-L2, estimated from {levels}", levels=levels)
    return wording.say("trabecular bone density at L1-L2")


def _certainty(assessment: Assessment, wording: Wording) -> str:
    """What the interval allows, in one sentence."""
    if assessment.ci95_mg_cm3 is None:
        return ""
    low, high = assessment.ci95_mg_cm3
    if high - low > 50:
        return wording.say("Very uncertain: the interval is wider than 50 mg/cm3.")
    crossed = thresholds_within(assessment.ci95_mg_cm3)
    if len(crossed) > 1:
        return wording.say("The interval crosses 80 and 120: every range is possible.")
    if crossed:
        return wording.say("The interval crosses {border}: either side is possible.", border=f"{crossed[0]:.0f}")
    if assessment.interval_kind == "upper-estimate":
        return wording.say("The true value may be lower, as far as the interval reaches.")
    return wording.say("The interval does not cross 80 or 120.")


def _rows(assessment: Assessment, wording: Wording) -> tuple[LevelRow, ...]:
    """What is true of every vertebra stands among the remarks on the whole, not in each row."""
    of_all = set(assessment.flags).intersection(*(level.flags for level in assessment.levels))
    return tuple(_row(level, of_all, wording) for level in assessment.levels)


def _row(level: LevelMeasurement, said: Collection[str], wording: Wording) -> LevelRow:
    loss = level.height_loss_percent
    return LevelRow(
        level=level.level.value,
        density=words.mg_words(level.vbmd_mg_cm3),
        interval=words.interval_words(level.ci95_mg_cm3),
        hu=f"{level.hu:.0f}",
        roi_cm3=f"{level.roi_cm3:.1f}",
        height_loss=wording.say("not known") if loss is None else f"{loss:.0f} %",
        used=level.used,
        remarks=(
            *(flag_said(flag, wording) for flag in level.flags if flag not in said),
            *(reason_said(reason, wording) for reason in level.reasons),
        ),
    )
