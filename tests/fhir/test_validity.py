"""Everything that is emitted is valid: by base R4, US Core 7 and our profiles, by several who judge apart."""

import json

import pytest
from fhir.resources.R4B.bundle import Bundle
from hypothesis import HealthCheck, Phase, given, settings

from cds.reporting.bundle import FhirPublisher
from fhir_profiles.packages import r4_package
from tests.reporting.fhir_rules import broken_rules
from tests.reporting.golden_cases import CASES, IDENTIFIER_SYSTEM, NOTICE, rendered
from tests.support.assessment_strategies import results
from tests.support.fhir_definitions import FOREIGN, UNITS, terminology_issues
from tests.support.fhir_validators import need_fhir_tools

SLOW = {
    "deadline": None,
    "suppress_health_check": [HealthCheck.too_slow],
    "phases": [Phase.explicit, Phase.reuse, Phase.generate],
}
"""Shrinking would ask the validators for minutes; a whole result that fails says enough."""


def resources_of(bundle):
    """What the Bundle holds."""
    return [entry["resource"] for entry in bundle["entry"]]


@pytest.mark.parametrize("name", CASES)
def test_golden_bundles_are_valid_by_pyrofile(pyrofile, name):
    """Base R4, US Core and our profiles; the Bundle as a whole, with its references."""
    assert pyrofile.issues(json.loads(rendered(name))) == []


@pytest.mark.parametrize("name", CASES)
def test_golden_bundles_are_valid_by_medplum(medplum, name):
    """Each resource by base R4, US Core and our profiles, warnings included; and the Bundle by base R4."""
    bundle = json.loads(rendered(name))

    assert [issue for each in [bundle, *resources_of(bundle)] for issue in medplum.issues(each)] == []


@pytest.mark.parametrize("name", CASES)
def test_golden_bundles_use_known_codes_alone(name):
    """In their code systems, in the value sets that they are bound to, shown as agreed."""
    assert terminology_issues(json.loads(rendered(name))) == []


@settings(max_examples=60, **SLOW)
@given(results)
def test_whatever_is_measured_the_bundle_is_valid(result):
    """By fhir.resources, by our own rules, and in its terminology; needs no validator from elsewhere."""
    bundle = json.loads(FhirPublisher(NOTICE, IDENTIFIER_SYSTEM).render(result))

    Bundle.model_validate(bundle)
    assert broken_rules(bundle) == []
    assert [issue for each in resources_of(bundle) for issue in terminology_issues(each)] == []


@settings(max_examples=12, **SLOW)
@given(results)
def test_whatever_is_measured_medplum_finds_nothing(medplum, result):
    """Any flags, reasons, levels, dates, reviews."""
    bundle = json.loads(FhirPublisher(NOTICE, IDENTIFIER_SYSTEM).render(result))

    assert [issue for each in [bundle, *resources_of(bundle)] for issue in medplum.issues(each)] == []


@settings(max_examples=3, **SLOW)
@given(results)
def test_whatever_is_measured_pyrofile_finds_nothing(pyrofile, result):
    """A few, for it takes a second each."""
    assert pyrofile.issues(json.loads(FhirPublisher(NOTICE, IDENTIFIER_SYSTEM).render(result))) == []


@pytest.mark.parametrize("unit", sorted(UNITS))
def test_every_unit_is_ucum(medplum, unit):
    """By the UCUM grammar itself."""
    assert medplum.knows_unit(unit)


@pytest.mark.parametrize("unit", ["HU", "mg/cc", "mgcm3", "Z-score"])
def test_what_people_write_is_not_ucum(medplum, unit):
    """So the check above can fail."""
    assert not medplum.knows_unit(unit)


def test_codes_of_other_systems_exist_where_base_r4_has_them():
    """A misspelt HL7 code would be valid nowhere; LOINC, SNOMED CT and DICOM are not in base R4."""
    need_fhir_tools()
    known = {}
    for path in r4_package().glob("CodeSystem-*.json"):
        system = json.loads(path.read_text())
        known[system["url"]] = json.dumps(system.get("concept", []))
    of_hl7 = [each for each in FOREIGN if each[0].startswith("http://terminology.hl7.org/")]
    checked = [(system, code) for system, code in of_hl7 if system in known and code != "AIAST"]

    assert len(checked) == 5
    assert all(f'"code": "{code}"' in known[system] for system, code in checked)
