"""A stored result as the lines of a report page; the template only lays them out."""

from dataclasses import dataclass

from cds.bone import words
from cds.bone.assessment import Assessment, LevelMeasurement
from cds.ct.patient import PatientIdentity
from cds.ports import Review, StoredResult


@dataclass(frozen=True, slots=True)
class LevelRow:
    """One vertebra."""

    level: str
    density: str
    interval: str
    hu: str
    roi_cm3: str
    used: str
    remarks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReportView:
    """Everything the page says."""

    patient: tuple[tuple[str, str], ...]
    value: str | None
    interval: str | None
    upper_estimate: bool
    category: str
    reading: str
    reasons: tuple[str, ...]
    remarks: tuple[str, ...]
    levels_are_upper_estimates: bool
    levels: tuple[LevelRow, ...]
    facts: tuple[tuple[str, str], ...]


def view_of(result: StoredResult) -> ReportView:
    """The page of one result, assessed or not."""
    assessment = result.assessment
    value, interval = assessment.vbmd_mg_cm3, assessment.ci95_mg_cm3
    return ReportView(
        patient=_patient(result.patient),
        value=None if value is None else words.mg_words(value),
        interval=None if interval is None else words.interval_words(interval),
        upper_estimate=assessment.interval_kind == "upper-estimate",
        category=words.category_words(assessment),
        reading=_reading(result.review),
        reasons=tuple(reason.text for reason in assessment.reasons),
        remarks=(*words.possible_fractures(assessment), *(words.flag_words(flag) for flag in assessment.flags)),
        levels_are_upper_estimates=words.levels_are_upper_estimates(assessment),
        levels=tuple(_row(level) for level in assessment.levels),
        facts=(*_acquisition(assessment), *_method(result)),
    )


def _reading(review: Review | None) -> str:
    """Whether a person has accepted it; what was rejected is not shown at all."""
    if review is None or review.decision != "accepted":
        return "The result is preliminary: software measured it, and no reader has accepted it yet."
    return f"Software measured it; {review.reader} accepted it on {words.day_words(review.at.date())}."


def _patient(patient: PatientIdentity) -> tuple[tuple[str, str], ...]:
    return (
        ("Patient identifier", patient.key.patient_id),
        ("Birth date", words.day_words(patient.birth_date) if patient.birth_date else "not recorded"),
        ("Sex", patient.sex or "not recorded"),
    )


def _row(level: LevelMeasurement) -> LevelRow:
    return LevelRow(
        level=level.level.value,
        density=words.mg_words(level.vbmd_mg_cm3),
        interval=words.interval_words(level.ci95_mg_cm3),
        hu=f"{level.hu:.0f}",
        roi_cm3=f"{level.roi_cm3:.1f}",
        used="yes" if level.used else "no",
        remarks=(*(words.flag_words(flag) for flag in level.flags), *(reason.text for reason in level.reasons)),
    )


def _acquisition(assessment: Assessment) -> tuple[tuple[str, str], ...]:
    facts = assessment.acquisition
    age = "" if facts.scan_age_days is None else f", {facts.scan_age_days} days before the measurement"
    scanner = " ".join(each for each in (facts.manufacturer, facts.model) if each)
    return (
        ("CT of", f"{words.day_words(facts.study_date)}{age}"),
        ("Scanner", scanner or "not recorded"),
        ("Tube voltage", "not recorded" if facts.kvp is None else f"{facts.kvp:g} kVp"),
        ("Kernel", facts.kernel or "not recorded"),
        ("Slices", "not recorded" if facts.slice_thickness_mm is None else f"{facts.slice_thickness_mm:g} mm"),
        ("Contrast medium", {"none": "none", "enhanced": "yes", "unknown": "unknown"}[assessment.contrast.state]),
        ("Study", facts.study_uid),
        ("Series", facts.series_uid),
    )


def _method(result: StoredResult) -> tuple[tuple[str, str], ...]:
    assessment = result.assessment
    software, calibration = assessment.software, assessment.calibration
    facts = [
        ("Measured on", f"{words.day_words(result.measured_at.date())} by osteocds {software.version}"),
        ("Model", f"{software.model} (weights {software.weights_sha256[:12]})"),
        (
            "Images and patient",
            {"matched": "agree", "unverified": "not verified"}.get(assessment.patient_check, "differ"),
        ),
    ]
    if calibration is not None:
        known = {"site": "calibrated on site", "documented": "documented", "unknown": "not calibrated"}
        on_file = f": {calibration.source}" if calibration.scanner != "unknown" and calibration.source else ""
        facts += [
            ("Calibration", f"phantomless, {calibration.method}, version {calibration.version}"),
            ("Scanner calibration", f"{known[calibration.scanner]}{on_file}"),
            ("Slope", f"{calibration.slope_hu_per_mg_cm3:.3f} HU per mg/cm3 ({assessment.basis})"),
        ]
    if assessment.probability_osteoporosis_range is not None:
        percent = words.percent_words(assessment.probability_osteoporosis_range)
        facts.append(("Probability that a reference QCT would read below 80 mg/cm3", percent))
    if assessment.z_score is not None and assessment.population is not None:
        facts.append((f"Z-score ({assessment.population})", f"{assessment.z_score:.1f}"))
    return tuple(facts)
