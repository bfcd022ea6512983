import json
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds.bone.anatomy import VertebralLevel
from cds.bone.assessment import (
    Acquisition,
    Assessment,
    Calibration,
    Contrast,
    HeightLoss,
    LevelCalibration,
    LevelMeasurement,
    PassedOver,
    Premises,
    Software,
    TissueEvidence,
    TissueLine,
)
from cds.bone.record import SCHEMA_VERSION, RecordUnreadableError, from_record, to_record
from cds.ct.reason import Reason
from tests.support.assessments import an_assessment

DESIGNED_KEYS = {
    "schema_version", "status", "reasons", "category", "probability_osteoporosis_range", "vbmd_mg_cm3",
    "ci95_mg_cm3", "interval_kind", "basis", "levels_used", "z_score", "population", "levels",
    "numbering_confidence", "flags", "contrast", "acquisition", "calibration", "patient_check", "timing_s",
    "software", "height_losses", "passed_over", "not_tried",
}  # fmt: skip
DESIGNED_LEVEL_KEYS = {
    "level", "hu", "hu_sd", "vbmd_mg_cm3", "ci95_mg_cm3", "centre_lps_mm", "roi_cm3", "used",
    "height_loss_percent", "flags",
}  # fmt: skip
DESIGNED_ACQUISITION_KEYS = {
    "study_uid", "series_uid", "patient_id", "study_date", "scan_age_days", "kvp", "kernel",
    "slice_thickness_mm", "manufacturer", "model",
}  # fmt: skip
DESIGNED_CALIBRATION_KEYS = {
    "method", "scanner", "slope_hu_per_mg_cm3", "offset_hu", "water_equivalent_diameter_cm",
}  # fmt: skip

words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12)
flags = st.lists(st.sampled_from(["near-80", "noisy", "single-level"]), unique=True).map(tuple)
reasons = st.lists(st.builds(Reason, words, words), max_size=3).map(tuple)
levels = st.sampled_from(list(VertebralLevel))


def numbers(low, high):
    """Finite numbers of any precision."""
    return st.floats(low, high, allow_nan=False)


def maybe(strategy):
    """The value, or nothing."""
    return st.none() | strategy


intervals = st.tuples(numbers(-80, 300), numbers(-80, 400))

at_a_level = st.builds(
    LevelCalibration,
    slope_hu_per_mg_cm3=numbers(0.8, 2.7),
    slope_sd_fraction=numbers(0, 0.1),
    offset_hu=numbers(-10, 10),
    offset_sd_hu=numbers(0, 5),
    water_equivalent_diameter_cm=numbers(12, 45),
    slope_offset_correlation=numbers(-1, 1),
)
measurements = st.builds(
    LevelMeasurement,
    level=levels,
    hu=numbers(-150, 600),
    hu_sd=numbers(0, 200),
    hu_sem=numbers(0, 4),
    vbmd_mg_cm3=numbers(-100, 400),
    ci95_mg_cm3=intervals,
    centre_lps_mm=st.tuples(*[numbers(-2000, 2000)] * 3),
    roi_cm3=numbers(1.5, 30),
    used=st.booleans(),
    height_loss_percent=maybe(numbers(0, 90)),
    flags=flags,
    reasons=reasons,
    calibration=maybe(at_a_level),
)
premises = st.builds(
    Premises,
    age_years=maybe(st.integers(18, 110)),
    sex=st.sampled_from(["female", "male", None]),
    population=maybe(words),
    scan_flags=flags,
    disputed_names=st.lists(levels, max_size=2).map(tuple),
)
acquisitions = st.builds(
    Acquisition,
    study_uid=words,
    series_uid=words,
    patient_id=words,
    study_date=maybe(st.dates(date(1990, 1, 1), date(2100, 1, 1))),
    scan_age_days=maybe(st.integers(0, 9000)),
    kvp=maybe(numbers(70, 150)),
    kernel=maybe(words),
    slice_thickness_mm=maybe(numbers(0.4, 5)),
    manufacturer=maybe(words),
    model=maybe(words),
)
tissues = st.builds(
    TissueEvidence,
    tissue=st.sampled_from(["fat", "muscle", "blood", "air"]),
    hu=numbers(-1100, 200),
    sem_hu=numbers(0, 10),
    expected_hu=numbers(-1000, 100),
    hu_at_120_kvp=numbers(-1100, 200),
    used=st.booleans(),
)
lines = st.builds(
    TissueLine,
    tissues=st.sampled_from(["air+blood", "fat+muscle"]),
    slope_hu_per_mg_cm3=numbers(0.2, 4),
    offset_hu=numbers(-200, 200),
)
calibrations = st.builds(
    Calibration,
    method=words,
    scanner=st.sampled_from(["site", "documented", "unknown"]),
    slope_hu_per_mg_cm3=numbers(0.8, 2.7),
    slope_sd_fraction=numbers(0, 0.1),
    offset_hu=numbers(-10, 10),
    offset_sd_hu=numbers(0, 5),
    water_equivalent_diameter_cm=numbers(12, 45),
    version=words,
    source=words,
    slope_offset_correlation=numbers(-1, 1),
    hardness=numbers(-1, 1),
    hardness_sd=numbers(0, 1),
    apparent_hardness=maybe(numbers(-5, 5)),
    tissues=st.lists(tissues, max_size=4).map(tuple),
    lines=st.lists(lines, max_size=2).map(tuple),
)
series_left_out = st.builds(PassedOver, words, reasons, maybe(st.dates()))
circumstances = {
    "contrast": st.builds(Contrast, st.sampled_from(["none", "enhanced", "unknown"]), maybe(numbers(-50, 800))),
    "acquisition": acquisitions,
    "patient_check": st.sampled_from(["matched", "unverified"]),
    "timing_s": st.dictionaries(st.sampled_from(["read", "segment", "calibrate", "total"]), numbers(0, 900)),
    "software": st.builds(Software, words, words, words),
    "levels": st.lists(measurements, max_size=3).map(tuple),
    "height_losses": st.lists(st.builds(HeightLoss, levels, numbers(25, 100)), max_size=3).map(tuple),
    "passed_over": st.lists(series_left_out, max_size=2).map(tuple),
    "not_tried": st.lists(series_left_out, max_size=2).map(tuple),
    "numbering_confidence": maybe(numbers(0, 1)),
    "flags": flags,
}
assessed = st.builds(
    Assessment,
    status=st.just("assessed"),
    reasons=reasons,
    category=st.sampled_from(["osteoporosis-range", "low", "normal", "indeterminate", None]),
    probability_osteoporosis_range=maybe(numbers(0, 1)),
    vbmd_mg_cm3=numbers(-100, 400),
    ci95_mg_cm3=intervals,
    interval_kind=st.sampled_from(["two-sided", "upper-estimate"]),
    levels_used=st.lists(levels, min_size=1, max_size=3).map(tuple),
    z_score=maybe(numbers(-6, 6)),
    population=maybe(words),
    calibration=calibrations,
    premises=maybe(premises),
    **circumstances,
)
refused = st.builds(
    Assessment,
    status=st.just("not-assessable"),
    reasons=st.lists(st.builds(Reason, words, words), min_size=1, max_size=3).map(tuple),
    **circumstances,
)
assessments = assessed | refused


@settings(max_examples=60, deadline=None)
@given(assessments)
def test_a_record_survives_json_and_reading(assessment):
    """Written, dumped, loaded and read, a record writes the same record again."""
    record = to_record(assessment)
    loaded = json.loads(json.dumps(record, allow_nan=False))

    assert loaded == record
    assert to_record(from_record(loaded)) == record


@settings(max_examples=60, deadline=None)
@given(assessments)
def test_reading_loses_nothing(assessment):
    """An assessment with rounded numbers is read back equal."""
    rounded = from_record(to_record(assessment))

    assert from_record(to_record(rounded)) == rounded


@settings(max_examples=30, deadline=None)
@given(assessed)
def test_the_record_has_the_designed_keys(assessment):
    """Every key of the product's record is there, for the whole and its parts."""
    record = to_record(assessment)

    assert record.keys() >= DESIGNED_KEYS
    assert record["schema_version"] == SCHEMA_VERSION == 1
    assert record["acquisition"].keys() >= DESIGNED_ACQUISITION_KEYS
    assert record["calibration"].keys() >= DESIGNED_CALIBRATION_KEYS
    assert set(record["contrast"]) >= {"state", "aorta_hu"}
    assert set(record["software"]) >= {"version", "model", "weights_sha256"}
    for level in record["levels"]:
        assert level.keys() >= DESIGNED_LEVEL_KEYS


@settings(max_examples=30, deadline=None)
@given(assessments)
def test_unknown_keys_are_ignored(assessment):
    """A record that later gained keys is still read."""
    record = to_record(assessment)
    grown = {**record, "new": 1, "software": {**record["software"], "new": 2}}

    assert from_record(grown) == from_record(record)


@settings(max_examples=30, deadline=None)
@given(assessments)
def test_height_losses_are_written_by_level(assessment):
    """Each is a level and its percent to 0.1, of assessed and of refused results."""
    expected = [
        {"level": loss.level.value, "percent": round(loss.percent, 1), "grade": loss.grade}
        for loss in assessment.height_losses
    ]

    assert to_record(assessment)["height_losses"] == expected


@settings(max_examples=30, deadline=None)
@given(assessments)
def test_records_from_before_are_read(assessment):
    """A record without height losses, passed-over series, premises and calibrations of levels reads as having none."""
    later = {"height_losses", "passed_over", "not_tried", "premises"}
    record = {key: value for key, value in to_record(assessment).items() if key not in later}
    record["levels"] = [{key: each[key] for key in each if key != "calibration"} for each in record["levels"]]
    older = from_record(record)

    assert older.premises is None
    assert all(each.calibration is None for each in older.levels)
    assert older.height_losses == ()
    assert older.passed_over == older.not_tried == ()


def test_series_passed_over_by_an_older_version_have_no_date():
    """It kept their identifiers and reasons alone."""
    record = to_record(an_assessment())
    record["passed_over"] = [{"series_uid": "1.2.9", "reasons": []}]

    assert from_record(record).passed_over == (PassedOver("1.2.9", (), None),)


@pytest.mark.parametrize("version", [None, 0, 2, "1"])
def test_another_schema_is_refused(version):
    """A record of another schema version is not guessed at."""
    with pytest.raises(RecordUnreadableError, match="schema_version"):
        from_record({"schema_version": version})
