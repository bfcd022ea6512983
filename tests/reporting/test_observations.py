"""Mirrors cds/reporting/observations.py: what an Observation says, and what it must not say."""

import json

import pytest

from cds.bone.assessment import Contrast
from cds.bone.words import RULE_IN_ONLY, flag_words
from cds.reporting.bundle import FhirPublisher
from cds.reporting.codes import BASE
from cds.reporting.wording import UPPER_ESTIMATE
from tests.reporting.golden_cases import CASES, NOTICE, UNREAD, rendered
from tests.support.assessments import a_level, a_refusal, a_result


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


def said_by(observation):
    """Its notes."""
    return [note["text"] for note in observation["note"]]


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


def test_vertebrae_read_under_contrast_are_upper_estimates_without_a_value_too():
    """A CT that is not assessable may still have measured vertebrae; theirs are no plain values."""
    levels = (a_level(ci95_mg_cm3=(41.1, 78.5), used=False),)
    refusal = a_refusal(levels=levels, contrast=Contrast("enhanced", 182.0), flags=("lossy-compression",))
    bundle = json.loads(FhirPublisher(NOTICE).render(a_result(assessment=refusal)))

    patient, level = [e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "Observation"]

    assert coded(level, "interval-kind") == ["upper-estimate"]
    assert level["code"]["text"].endswith("upper estimate")
    assert said_by(level) == [NOTICE, UPPER_ESTIMATE, flag_words("lossy-compression"), RULE_IN_ONLY]
    assert said_by(patient) == [NOTICE]


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
    assert coded(patient, "quality-flag") == [
        "thoracic-estimate",
        "age-unknown",
        "lossy-compression",
        "identity-unverified",
    ]


def test_the_value_stands_for_the_lumbar_spine_whichever_vertebrae_it_came_from():
    """A thoracic estimate is on the scale of L1 and L2; where it was measured is said beside it."""
    measured, estimated = observations("assessed")[0], observations("thoracic-undated")[0]

    assert measured["bodySite"] == estimated["bodySite"]
    assert estimated["bodySite"]["text"] == "L1-L2"
    assert coded(estimated, "estimated-from") == ["T9", "T10"]
    assert coded(measured, "estimated-from") == []
    assert "Estimated for L1-L2 from T9-T10." in said_by(estimated)
    assert not any("Estimated" in text for text in said_by(measured))


def test_what_a_reader_of_the_value_has_to_know_is_written_out():
    """A chart that shows no component still shows the sentences; a vertebra carries only those about itself."""
    patient, *levels = observations("thoracic-undated")
    of_the_patient, lossy = ("thoracic-estimate", "age-unknown"), flag_words("lossy-compression")

    assert {flag_words(flag) for flag in of_the_patient} | {lossy, RULE_IN_ONLY} <= set(said_by(patient))
    for level in levels:
        assert said_by(level) == [NOTICE, lossy, RULE_IN_ONLY]


def test_lost_height_is_reported_with_its_level():
    """Also of a vertebra that could not be measured and has no Observation of its own."""
    patient, *levels = observations("possible-fracture")
    losses = [(each["code"]["text"], each["valueQuantity"]["value"]) for each in component(patient, "height-loss")]

    assert losses == [("Loss of vertebral height, T11", 44.0), ("Loss of vertebral height, L2", 31.4)]
    assert "T11: 44 % height loss, possible fracture, please look at the images." in said_by(patient)
    assert [level["bodySite"]["text"] for level in levels] == ["L1", "L2"]


@pytest.mark.parametrize("name", UNREAD)
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
