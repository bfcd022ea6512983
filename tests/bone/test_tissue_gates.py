import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.bone.tissue_gates import check_tissues
from cds.inference.calibrator import PhysicsCalibrator
from tests.bone.builders import a_sample
from tests.bone.phantom import a_series

CALIBRATOR = PhysicsCalibrator()
USUAL = {"fat": -102.0, "muscle": 40.0, "blood": 42.0, "air": -1000.0}
TIN_100 = {"fat": -89.0, "muscle": 39.0, "blood": 39.0, "air": -1000.0}
"""What the usual patient reads at 100 kVp through 0.4 mm of tin: by the tables, 23.5 HU more fat than without."""


def checked(hu, *, bone_hu=110.0, **facts):
    """Codes of the reasons, and flags, for what the tissues read."""
    series = a_series(**facts)
    samples = [a_sample(tissue, value) for tissue, value in hu.items()]
    calibration = CALIBRATOR.calibrate(series, 25.0, thoracic=False, samples=samples)
    reasons, flags = check_tissues(series, calibration, bone_hu)
    return [reason.code for reason in reasons], set(flags)


@given(
    st.floats(-118, -85), st.floats(28, 58), st.floats(35, 49), st.floats(-1010, -990), st.sampled_from([80, 120, 140])
)
def test_usual_people_pass(fat, muscle, blood, air, kvp):
    """What real unenhanced scans read, and beyond, at every voltage: neither refused nor flagged."""
    shift = {80: -28.6, 120: 0.0, 140: 6.6}[kvp]
    hu = {"fat": fat + shift, "muscle": muscle, "blood": blood, "air": air}

    assert checked(hu, kvp=float(kvp), manufacturer="GE MEDICAL SYSTEMS") == ([], set())


@pytest.mark.parametrize(
    ("changes", "reasons", "flags"),
    [
        ({"muscle": 5.0}, [], {"tissue-unusual"}),
        ({"blood": 22.0}, [], {"tissue-unusual"}),
        ({"muscle": 5.0, "blood": 22.0}, ["tissues-implausible"], set()),
        ({"fat": -79.0}, [], {"tissue-unusual"}),
        ({"fat": -71.0}, ["spectrum-mismatch"], {"tissue-unusual"}),
        ({"fat": -133.0}, ["spectrum-mismatch"], {"tissue-unusual"}),
        ({"blood": 60.0}, [], {"calibrations-differ"}),
        ({"muscle": 14.0}, [], {"calibrations-differ"}),
        ({"fat": -85.0, "muscle": 11.0}, ["calibrations-disagree"], set()),
        ({"air": -960.0}, [], set()),
    ],
    ids=str,
)
def test_what_does_not_fit_is_named(changes, reasons, flags):
    """One tissue out of range is flagged, two refuse; fat tells a wrong beam; lines far off refuse."""
    assert checked(USUAL | changes) == (reasons, flags)


@pytest.mark.parametrize("manufacturer", ["SIEMENS", "Siemens Healthineers", None])
def test_untagged_tin_is_refused_where_it_could_be(manufacturer):
    """U6: nothing names the filter, yet fat reads as only tin makes it."""
    assert checked(TIN_100, kvp=100.0, manufacturer=manufacturer)[0] == ["spectrum-mismatch"]


def test_a_scanner_without_tin_is_given_more_room():
    """The same fat on another maker's scanner is flagged; 20 HU more than usual pass where no tin is used."""
    assert checked(TIN_100, kvp=100.0, manufacturer="Philips") == ([], {"tissue-unusual"})
    assert checked(USUAL | {"fat": -82.0}, manufacturer="SIEMENS") == ([], set())
    assert checked(USUAL | {"fat": -70.0}, kvp=140.0, manufacturer="SIEMENS") == ([], {"tissue-unusual"})


@pytest.mark.parametrize(("recorded", "true_shift"), [(140.0, -35.2), (80.0, 35.2)])
def test_a_wrong_voltage_is_refused(recorded, true_shift):
    """80 kVp recorded as 140, or the reverse: fat gives it away."""
    shift = {140.0: 6.6, 80.0: -28.6}[recorded]
    hu = USUAL | {"fat": USUAL["fat"] + shift + true_shift}

    assert "spectrum-mismatch" in checked(hu, kvp=recorded)[0]


@pytest.mark.parametrize(("recorded", "true_shift"), [(120.0, -28.6), (80.0, 28.6)])
def test_a_voltage_that_is_nearly_right_is_flagged(recorded, true_shift):
    """80 kVp recorded as 120, or the reverse, is 29 HU of fat: within what some people read."""
    shift = {120.0: 0.0, 80.0: -28.6}[recorded]
    hu = USUAL | {"fat": USUAL["fat"] + shift + true_shift}

    assert checked(hu, kvp=recorded) == ([], {"tissue-unusual"})


def test_after_contrast_only_fat_speaks():
    """Without blood and muscle nothing is compared; fat still shows a wrong beam."""
    assert checked({"fat": -102.0, "air": -1000.0}) == ([], set())
    assert checked({"fat": -70.0, "air": -1000.0})[0] == ["spectrum-mismatch"]
    assert checked({}) == ([], set())


def test_a_refusal_says_what_was_read():
    """The sentence names the tissues and their HU."""
    series = a_series()
    samples = [a_sample("muscle", 5.0), a_sample("blood", 22.0)]
    calibration = CALIBRATOR.calibrate(series, 25.0, thoracic=False, samples=samples)
    (reason,), _ = check_tissues(series, calibration, 110.0)

    assert "muscle reads 5 HU and blood reads 22 HU" in reason.text
