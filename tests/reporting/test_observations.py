"""Mirrors cds/reporting/observations.py: what an Observation says, and what it must not say."""

import json

import pytest

from cds.reporting.codes import BASE
from tests.reporting.golden_cases import CASES, NOTICE, rendered


def observations(name):
    """The Observations of a golden case, the patient's first."""
    entries = json.loads(rendered(name))["entry"]
    return [entry["resource"] for entry in entries if entry["resource"]["resourceType"] == "Observation"]


def component(observation, code):
    """The components of one kind."""
    return [
        each
        for each in observation["component"]
        if each["code"]["coding"][0]
        == {"system": f"{BASE}/CodeSystem/measurement", "code": code}
        | {"display": each["code"]["coding"][0]["display"]}
    ]


def coded(observation, code):
    """The codes of the components of one kind."""
    return [each["valueCodeableConcept"]["coding"][0]["code"] for each in component(observation, code)]


def test_the_patients_value_comes_with_its_interval_and_category():
    """72 alone would say too much; its interval stands beside it."""
    patient, *_ = observations("assessed")

    assert patient["valueQuantity"] == {
        "value": 70.1,
        "unit": "mg/cm3",
        "system": "http://unitsofmeasure.org",
        "code": "mg/cm3",
    }
    assert component(patient, "ci95-low")[0]["valueQuantity"]["value"] == 64.9
    assert component(patient, "ci95-high")[0]["valueQuantity"]["value"] == 75.3
    assert coded(patient, "category") == ["osteoporosis-range"]
    assert coded(patient, "quality-flag") == ["scanner-not-calibrated", "near-80"]


def test_effective_is_the_scan_and_issued_the_measurement():
    """A chart sorts by when the patient was scanned, not by when software looked."""
    patient, *_ = observations("assessed")

    assert patient["effectiveDateTime"] == "2025-09-14"
    assert patient["issued"] == "2026-03-02T09:30:00Z"


def test_every_level_is_an_observation_and_the_used_ones_are_named_as_source():
    """T12 was measured and is reported, but the value comes from L1 and L2."""
    patient, *levels = observations("assessed")
    sources = {each["reference"] for each in patient["derivedFrom"] if each["type"] == "Observation"}

    assert [level["bodySite"]["text"] for level in levels] == ["T12", "L1", "L2"]
    assert sources == {f"urn:uuid:{level['id']}" for level in levels[1:]}
    assert component(levels[0], "used")[0]["valueBoolean"] is False
    assert coded(levels[0], "reason") == ["level-not-needed"]


def test_contrast_marks_value_and_levels_as_upper_estimate():
    """Whoever shows only name and value still shows that it is an upper estimate."""
    for observation in observations("contrast"):
        assert observation["code"]["text"].endswith("upper estimate")
        assert coded(observation, "interval-kind") == ["upper-estimate"]
        assert any("Upper estimate" in note["text"] for note in observation["note"])


def test_not_assessable_has_a_reason_and_no_value():
    """Denominators count it; nobody mistakes it for a number."""
    (patient,) = observations("not-assessable")

    assert not any(name.startswith("value") for name in patient)
    assert [coding["code"] for coding in patient["dataAbsentReason"]["coding"]] == ["not-performed", "slices-too-thick"]
    assert coded(patient, "reason") == ["slices-too-thick", "numbering-uncertain"]


def test_an_unknown_scan_date_is_said_to_be_unknown():
    """Left out would read as forgotten; today's date would be wrong."""
    patient, *_ = observations("thoracic-undated")

    assert "effectiveDateTime" not in patient
    assert patient["_effectiveDateTime"]["extension"][0]["valueCode"] == "unknown"
    assert coded(patient, "quality-flag") == ["thoracic-estimate", "identity-unverified"]


@pytest.mark.parametrize("name", CASES)
def test_every_observation_is_preliminary_and_carries_the_notice(name):
    """Until a named reader accepts it; the notice goes wherever the value goes."""
    for observation in observations(name):
        assert observation["status"] == "preliminary"
        assert observation["note"][0]["text"] == NOTICE


@pytest.mark.parametrize("name", CASES)
def test_nothing_sounds_like_dxa(name):
    """T-scores and areal density belong to another method."""
    text = rendered(name).decode().lower()

    assert "t-score" not in text
    assert "dxa" not in text
    assert "abmd" not in text
