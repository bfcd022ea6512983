"""Mirrors cds/reporting/report.py and wording.py."""

import json

import pytest

from cds.bone.anatomy import VertebralLevel as Level
from cds.bone.words import flag_words
from cds.reporting.wording import conclusion, notes
from tests.reporting.golden_cases import CASES, NOTICE, UNREAD, rendered
from tests.support.assessments import a_contrast_assessment, a_height_loss, a_refusal, an_assessment


def resource(name, kind):
    """The one resource of a kind in a golden case."""
    (found,) = [e["resource"] for e in json.loads(rendered(name))["entry"] if e["resource"]["resourceType"] == kind]
    return found


@pytest.mark.parametrize("name", UNREAD)
def test_the_report_is_preliminary_and_nobody_interpreted_it(name):
    """Software is never the interpreter."""
    report = resource(name, "DiagnosticReport")

    assert report["status"] == "preliminary"
    assert "resultsInterpreter" not in report
    assert "performer" not in report
    assert report["conclusion"].endswith(NOTICE)


def test_the_software_is_named_exactly():
    """Every result of a recalled version can be found."""
    versions = {each["type"]["text"]: each["value"] for each in resource("assessed", "Device")["version"]}

    assert versions["SHA-256 of the model weights"] == "ab" * 32
    assert versions["model and calibration"] == CASES["assessed"].generation


def test_provenance_says_that_an_algorithm_asserted_it():
    """The reason is AIAST, the agent is the software, the source is the study."""
    provenance = resource("assessed", "Provenance")

    assert provenance["reason"][0]["coding"][0]["code"] == "AIAST"
    assert provenance["agent"][0]["who"]["type"] == "Device"
    assert len(provenance["target"]) == 5


def test_the_patient_without_issuer_has_no_assigner():
    """An archive with a single issuer names none."""
    assert resource("thoracic-undated", "Patient")["identifier"] == [
        {"use": "usual", "system": "http://hospital.example.org/patients", "value": "PAT-0001"}
    ]


def test_the_conclusion_says_what_the_value_means_and_what_it_cannot():
    """Value, interval, range, limits, notice, in this order."""
    assert conclusion(an_assessment(), NOTICE) == (
        "Trabecular bone density at L1-L2 by CT: 70.1 mg/cm3 (95 % interval 64.9 to 75.3, K2HPO4 basis): below 80 "
        "mg/cm3, the osteoporosis range of quantitative CT. It raises suspicion; it cannot rule out low bone density. "
        + NOTICE
    )


def test_without_a_category_the_value_stands_alone():
    """Under 50 years there is no category."""
    assert "K2HPO4 basis). It raises" in conclusion(an_assessment(category=None), NOTICE)


def test_contrast_is_mentioned_in_the_conclusion():
    """Nobody should trend this value."""
    assert "Upper estimate" in conclusion(a_contrast_assessment(), NOTICE)


def test_a_refusal_is_explained():
    """The reasons are sentences for clinicians."""
    assert conclusion(a_refusal(), NOTICE).startswith(
        "Bone density could not be assessed from this CT. The slices are 7.5 mm thick"
    )


@pytest.mark.parametrize("build", [an_assessment, a_refusal])
def test_a_possible_fracture_is_a_request_to_look(build):
    """In conclusion and notes, whether or not the density could be assessed."""
    lost, request = build(height_losses=(a_height_loss(),)), "L1: 31 % height loss, possible fracture, please look"

    assert request in conclusion(lost, NOTICE)
    assert any(each.startswith(request) for each in notes(lost, NOTICE))
    assert "possible fracture" not in conclusion(build(), NOTICE)


@pytest.mark.parametrize(
    "flag", ["thoracic-estimate", "single-level", "age-unknown", "level-ambiguous", "lossy-compression"]
)
def test_what_limits_the_value_most_is_a_whole_sentence(flag):
    """Codes are for machines; the conclusion and the notes say it in words."""
    limited = an_assessment(flags=(flag,))

    assert f" {flag_words(flag)} " in conclusion(limited, NOTICE)
    assert flag_words(flag) in notes(limited, NOTICE)


def test_an_estimate_names_the_vertebrae_that_it_comes_from():
    """The value is on the scale of L1 and L2; T9 to T11 are named as its source, not as its place."""
    estimate = an_assessment(levels_used=(Level.T9, Level.T10, Level.T11), flags=("thoracic-estimate",))

    assert conclusion(estimate, NOTICE).startswith(
        "Trabecular bone density at L1-L2 by CT: 70.1 mg/cm3 "
        "(95 % interval 64.9 to 75.3, K2HPO4 basis; estimated from T9-T11): below"
    )


def test_a_refusal_has_no_value_to_limit():
    """Its reasons speak; nothing is said about an interval that is not there."""
    assert notes(a_refusal(flags=("single-level",)), NOTICE) == [NOTICE]
