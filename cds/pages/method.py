"""Which CT was measured, and with what."""

from typing import Final

from cds.bone import words
from cds.bone.assessment import Assessment, Calibration
from cds.pages.language import Wording
from cds.ports import StoredResult

Fact = tuple[str, str]
"""Name and value."""
_DAYS_UP_TO: Final = 730
"""Beyond, years are easier to grasp."""
_DAYS_IN_A_YEAR: Final = 365.25


def acquisition_facts(assessment: Assessment, wording: Wording) -> tuple[Fact, ...]:
    """Of the scan."""
    facts, say = assessment.acquisition, wording.say
    missing = say("not recorded")
    age = facts.scan_age_days
    day = wording.day(facts.study_date)
    scanner = " ".join(each for each in (facts.manufacturer, facts.model) if each)
    contrast = {"none": say("none"), "enhanced": say("yes"), "unknown": say("unknown")}[assessment.contrast.state]
    return (
        (say("CT of"), day if age is None else _before_the_measurement(day, age, wording)),
        (say("Scanner"), scanner or missing),
        (say("Tube voltage"), missing if facts.kvp is None else f"{facts.kvp:g} kVp"),
        (say("Kernel"), facts.kernel or missing),
        (say("Slices"), missing if facts.slice_thickness_mm is None else f"{facts.slice_thickness_mm:g} mm"),
        (say("Contrast medium"), contrast),
        (say("Study"), facts.study_uid),
        (say("Series"), facts.series_uid),
    )


def _before_the_measurement(day: str, days: int, wording: Wording) -> str:
    if days < _DAYS_UP_TO:
        return wording.say("{day}, {days} days before the measurement", day=day, days=days)
    years = f"{days / _DAYS_IN_A_YEAR:.1f}"
    return wording.say("{day}, {years} years before the measurement", day=day, years=years)


def method_facts(result: StoredResult, wording: Wording) -> tuple[Fact, ...]:
    """Of the measurement."""
    assessment, say = result.assessment, wording.say
    software = assessment.software
    patient = {"matched": say("agree"), "unverified": say("not verified")}.get(assessment.patient_check, say("differ"))
    on = wording.day(result.measured_at.date())
    facts = [
        (say("Measured on"), say("{day} by osteocds {version}", day=on, version=software.version)),
        (say("Model"), say("{model} (weights {digest})", model=software.model, digest=software.weights_sha256[:12])),
        (say("Images and patient"), patient),
    ]
    if assessment.calibration is not None:
        facts += _calibration_facts(assessment.calibration, assessment.basis, wording)
    if assessment.probability_osteoporosis_range is not None:
        percent = say(words.percent_words(assessment.probability_osteoporosis_range))
        facts.append((say("Probability that a reference QCT would read below 80 mg/cm3"), percent))
    if assessment.z_score is not None and assessment.population is not None:
        name = say("Z-score ({population})", population=assessment.population)
        facts.append((name, f"{assessment.z_score:.1f}"))
    return tuple(facts)


def _calibration_facts(calibration: Calibration, basis: str, wording: Wording) -> list[Fact]:
    say = wording.say
    known = {"site": say("calibrated on site"), "documented": say("documented"), "unknown": say("not calibrated")}
    on_file = f": {calibration.source}" if calibration.scanner != "unknown" and calibration.source else ""
    method = say("phantomless, {method}, version {version}", method=calibration.method, version=calibration.version)
    slope = f"{calibration.slope_hu_per_mg_cm3:.3f}"
    return [
        (say("Calibration"), method),
        (say("Scanner calibration"), f"{known[calibration.scanner]}{on_file}"),
        (say("Slope"), say("{slope} HU per mg/cm3 ({basis})", slope=slope, basis=basis)),
    ]
