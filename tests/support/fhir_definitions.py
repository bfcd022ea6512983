"""The generated profiles as the terminology checks read them: codes, value sets, and what is bound where.

Written apart from both validators: pyrofile asks bindings of slices rarely, medplum not at all.
"""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from cds.reporting.codes import BASE
from fhir_profiles.generate import GENERATED

FOREIGN = {
    ("http://loinc.org", "LP29684-5"),
    ("http://terminology.hl7.org/CodeSystem/v2-0074", "RAD"),
    ("http://terminology.hl7.org/CodeSystem/observation-category", "imaging"),
    ("http://terminology.hl7.org/CodeSystem/v3-ObservationValue", "AIAST"),
    ("http://terminology.hl7.org/CodeSystem/provenance-participant-type", "assembler"),
    ("http://terminology.hl7.org/CodeSystem/provenance-participant-type", "verifier"),
    ("http://terminology.hl7.org/CodeSystem/data-absent-reason", "not-performed"),
    ("http://dicom.nema.org/resources/ontology/DCM", "123110"),
    ("http://dicom.nema.org/resources/ontology/DCM", "CT"),
    *(
        ("http://snomed.info/sct", code)
        for code in (
            "12989004", "23215003", "66794005", "14293000", "36470004", "11994002", "49668003", "122496007",
        )
    ),
}  # fmt: skip
"""Every code of other systems that may leave the service; a new one is added here on purpose."""

UNITS = {"mg/cm3", "[hnsf'U]", "mm", "cm3", "%", "kV", "1", "{Z-score}"}


@cache
def code_systems() -> dict[str, dict[str, str]]:
    """Displays by code, by the URL of the code system."""
    found = {}
    for path in GENERATED.glob("CodeSystem-*.json"):
        system = json.loads(path.read_text(encoding="utf-8"))
        found[system["url"]] = {each["code"]: each["display"] for each in system["concept"]}
    return found


@cache
def value_sets() -> dict[str, frozenset[tuple[str, str]]]:
    """(system, code) pairs by the URL of the value set."""
    found = {}
    for path in GENERATED.glob("ValueSet-*.json"):
        value_set = json.loads(path.read_text(encoding="utf-8"))
        found[value_set["url"]] = frozenset(
            (each["system"], code)
            for each in value_set["compose"]["include"]
            for code in ([c["code"] for c in each["concept"]] if "concept" in each else code_systems()[each["system"]])
        )
    return found


@cache
def component_bindings(profile: str) -> dict[str, str]:
    """By the measurement code of a component: the value set that its value is bound to."""
    definition = json.loads((GENERATED / f"StructureDefinition-{profile.rsplit('/', 1)[-1]}.json").read_text())
    codes, bound = {}, {}
    for element in definition["differential"]["element"]:
        name = element["id"].removeprefix("Observation.component:").split(".")[0]
        if element["id"].endswith(f"component:{name}.code"):
            codes[name] = element["patternCodeableConcept"]["coding"][0]["code"]
        if element["id"].endswith(f"component:{name}.value[x]") and "binding" in element:
            bound[name] = element["binding"]["valueSet"]
    return {codes[name]: value_set for name, value_set in bound.items()}


def terminology_issues(resource: dict[str, Any]) -> list[str]:
    """Codes that no code system has, values outside their value sets, units that are not ours."""
    return [*_codings(resource), *_components(resource)]


def _components(resource: dict[str, Any]) -> Iterator[str]:
    ours = [each for each in resource.get("meta", {}).get("profile", ()) if each.startswith(BASE)]
    for component in resource.get("component", ()):
        code = component["code"]["coding"][0]["code"]
        for profile in ours:
            value_set = component_bindings(profile).get(code)
            value = component.get("valueCodeableConcept", {}).get("coding", [])
            if value_set and not {(each.get("system"), each.get("code")) for each in value} & value_sets()[value_set]:
                yield f"{code}: {value} is not in {value_set}"


def _codings(node: object) -> Iterator[str]:
    if isinstance(node, list):
        for each in node:
            yield from _codings(each)
    if not isinstance(node, dict):
        return
    if isinstance(node.get("coding"), list):
        for each in node["coding"]:
            yield from _coding(each)
    if "value" in node and "unit" in node and (node.get("system"), node.get("code") in UNITS) != (_UCUM, True):
        yield f"{node.get('code')!r} of {node.get('system')!r} is no unit of ours"
    for each in node.values():
        yield from _codings(each)


_UCUM = "http://unitsofmeasure.org"


def _coding(coding: dict[str, Any]) -> Iterator[str]:
    system, code = coding.get("system"), coding.get("code")
    if system in code_systems():
        if code not in code_systems()[system]:
            yield f"{code!r} is not in {system}"
        elif coding.get("display") != code_systems()[system][code]:
            yield f"{code!r} of {system} is shown as {coding.get('display')!r}"
    elif (system, code) not in FOREIGN:
        yield f"{code!r} of {system!r} may not leave the service"
