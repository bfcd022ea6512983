"""Mirrors cds/reporting/bundle.py: whole Bundles, valid and as agreed."""

import copy
import json
import subprocess
import sys

import pytest
from fhir.resources.R4B.bundle import Bundle

from cds.reporting.bundle import FhirPublisher
from fhir_profiles.generate import GENERATED
from tests.reporting.fhir_rules import broken_rules
from tests.reporting.golden_cases import CASES, EXAMPLE_OF, EXAMPLES, GOLDEN, NOTICE, example, rendered
from tests.support.assessments import a_key, a_patient, a_result


@pytest.mark.parametrize("name", CASES)
def test_the_bundle_is_as_agreed(name):
    """What goes out changes only when the golden file does."""
    agreed = json.loads((GOLDEN / f"bundle-{name}.json").read_text())

    assert json.loads(rendered(name)) == agreed


@pytest.mark.parametrize("name", EXAMPLE_OF)
def test_the_examples_beside_the_profiles_are_what_is_emitted(name):
    """Each claims the profile that it is named for."""
    kept = json.loads((EXAMPLES / f"{name}.json").read_text())

    assert example(name) == kept
    assert name.startswith(kept["meta"]["profile"][0].rsplit("/", 1)[-1])


def test_there_is_an_example_of_every_profile_and_no_other():
    """A new profile needs one; an old file is removed. Extensions are seen inside them."""
    definitions = (json.loads(path.read_text()) for path in GENERATED.glob("StructureDefinition-*"))
    profiles = {each["id"] for each in definitions if each["type"] != "Extension"}

    assert {example(name)["meta"]["profile"][0].rsplit("/", 1)[-1] for name in EXAMPLE_OF} == profiles
    assert {path.stem for path in EXAMPLES.iterdir()} == EXAMPLE_OF.keys()


@pytest.mark.parametrize("name", CASES)
def test_the_bundle_is_valid(name):
    """Structure by fhir.resources, and the rules that it lets pass by our own."""
    bundle = json.loads(rendered(name))

    Bundle.model_validate(bundle)
    assert broken_rules(bundle) == []


@pytest.mark.parametrize(
    ("break_it", "noticed_as"),
    [
        (lambda r: r["Observation"].update(status="bogus"), "Observation.status"),
        (lambda r: r["DiagnosticReport"].update(status="bogus"), "DiagnosticReport.status"),
        (lambda r: r["Observation"].update(dataAbsentReason={"text": "none"}), "obs-6"),
        (lambda r: r["Observation"].pop("valueQuantity"), "neither a value"),
        (lambda r: r["Observation"].update(interpretation=[{"text": "N"}]), "does not interpret"),
        (lambda r: r["Observation"].update(component=[]), "is empty"),
        (lambda r: r["Observation"].update(note=[{"text": None}]), "is empty"),
        (lambda r: r["Observation"]["valueQuantity"].update(code="mg/cc"), "no UCUM unit"),
        (lambda r: r["Observation"]["subject"].update(reference="Patient/1"), "outside the Bundle"),
        (lambda r: r["Observation"].update(subject=r["Observation"]["device"]), "points to a Device"),
        (lambda r: r["Observation"]["component"][0].update(code=r["Observation"]["code"]), "obs-7"),
        (
            lambda r: r["Observation"]["code"]["coding"].append({"system": "http://loinc.org", "code": "38267-1"}),
            "DXA code",
        ),
    ],
)
def test_the_rules_would_notice(break_it, noticed_as):
    """Each rule catches the mistake that it is there for."""
    bundle = copy.deepcopy(json.loads(rendered("assessed")))
    first_of_kind = {entry["resource"]["resourceType"]: entry["resource"] for entry in reversed(bundle["entry"])}

    break_it(first_of_kind)

    assert any(noticed_as in problem for problem in broken_rules(bundle))


def test_the_same_result_gives_the_same_bytes():
    """A repeated publish changes nothing anywhere."""
    assert rendered("assessed") == rendered("assessed")


def test_no_resource_is_shared_between_patients_of_one_identifier():
    """Same PatientID, same study, other issuer or tenant: no id in common but the software's."""
    publisher = FhirPublisher(NOTICE)
    ids = []
    for number, key in enumerate((a_key(), a_key(issuer="ELSEWHERE"), a_key(issuer=None), a_key(tenant="other"))):
        bundle = json.loads(publisher.render(a_result(a_patient(key), result_id=f"result-{number}")))
        ids.append({e["resource"]["id"] for e in bundle["entry"] if e["resource"]["resourceType"] != "Device"})

    assert len(set.union(*ids)) == sum(len(each) for each in ids)


def test_no_snomed_code_leaves_where_the_site_has_no_licence():
    """Where the site says so, body sites carry our own codes alone."""
    bundle = FhirPublisher(NOTICE, snomed_body_sites=False).render(CASES["assessed"])

    assert b"snomed" not in bundle
    assert b'"L1"' in bundle


def test_neither_birth_date_nor_sex_leaves_the_store():
    """The Patient in the Bundle is an identifier; name and gender, which US Core asks for, are said to be masked."""
    bundle = rendered("assessed")

    patient = next(e["resource"] for e in json.loads(bundle)["entry"] if e["resource"]["resourceType"] == "Patient")
    assert b"birthDate" not in bundle
    assert b'"gender"' not in bundle
    assert b"1951" not in bundle
    assert [each["valueCode"] for each in patient["name"][0]["extension"]] == ["masked"]
    assert patient["name"][0].keys() == patient["_gender"].keys() == {"extension"}


def test_the_web_process_need_not_load_fhir_models():
    """Importing the package costs nothing; only the publisher's own module loads the models."""
    check = "import sys, cds.reporting; sys.exit('fhir.resources' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
