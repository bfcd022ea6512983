"""R4 rules that fhir.resources lets pass; each yields sentences about what is wrong."""

import re
from collections.abc import Iterator
from typing import Any

STATUSES = {
    "Observation": {"registered", "preliminary", "final", "amended", "corrected", "cancelled", "entered-in-error"},
    "DiagnosticReport": {
        "registered",
        "partial",
        "preliminary",
        "final",
        "amended",
        "corrected",
        "appended",
        "cancelled",
        "entered-in-error",
        "unknown",
    },
    "Device": {"active", "inactive", "entered-in-error", "unknown"},
    "ImagingStudy": {"registered", "available", "cancelled", "entered-in-error", "unknown"},
}
UNITS = {"mg/cm3", "[hnsf'U]", "mm", "cm3", "%", "kV", "1", "{Z-score}"}
DXA = {
    "24966-4", "38267-1", "85394-5", "24701-5", "38263-0", "80934-3", "38261-4", "38264-8", "80933-5", "46278-8",
    "46279-6", "24890-6", "38265-5", "46383-6", "83311-1", "83012-5", "83013-3", "83014-1", "38269-7", "104938-6",
}  # fmt: skip
TARGETS = {
    "subject": {"Patient"},
    "device": {"Device"},
    "derivedFrom": {"ImagingStudy", "Observation"},
    "result": {"Observation"},
    "imagingStudy": {"ImagingStudy"},
    "who": {"Device"},
    "what": {"ImagingStudy"},
    "target": {"Observation", "DiagnosticReport"},
}
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def broken_rules(bundle: dict[str, Any]) -> list[str]:
    """Everything wrong with a Bundle of ours; empty when nothing is."""
    resources = {entry["fullUrl"]: entry["resource"] for entry in bundle["entry"]}
    problems = [*_empty(bundle, "Bundle"), *_references(bundle, resources), *_codings(bundle)]
    for resource in resources.values():
        problems += _resource(resource)
    if len(resources) != len(bundle["entry"]):
        problems.append("two entries have the same fullUrl")
    return problems


def _resource(resource: dict[str, Any]) -> Iterator[str]:
    kind = resource["resourceType"]
    if kind in STATUSES and resource.get("status") not in STATUSES[kind]:
        yield f"{kind}.status {resource.get('status')!r} is not in its required value set"
    if kind in ("Observation", "DiagnosticReport") and not _INSTANT.fullmatch(resource["issued"]):
        yield f"{kind}.issued is not an instant"
    if kind != "Observation":
        return
    valued = [name for name in resource if name.startswith("value")]
    if valued and "dataAbsentReason" in resource:
        yield "obs-6: a value and a reason for having none"
    if not valued and "dataAbsentReason" not in resource:
        yield "neither a value nor a reason for having none"
    if "interpretation" in resource:
        yield "software does not interpret"
    code = {coding["code"] for coding in resource["code"]["coding"]}
    for component in resource.get("component", []):
        if code & {coding["code"] for coding in component["code"]["coding"]}:
            yield "obs-7: a component repeats the code of its Observation"
        if not any(name.startswith("value") for name in component):
            yield "a component without value"


def _empty(node: object, path: str) -> Iterator[str]:
    """FHIR has no null, no empty text, no empty array, no empty object."""
    if node is None or node in ("", [], {}):
        yield f"{path} is empty"
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for name, child in children:
        yield from _empty(child, f"{path}.{name}")


def _references(node: object, resources: dict[str, Any], role: str = "") -> Iterator[str]:
    if isinstance(node, dict) and "reference" in node:
        target = resources.get(node["reference"])
        if target is None:
            yield f"{role} points outside the Bundle"
        elif target["resourceType"] not in TARGETS[role] or target["resourceType"] != node["type"]:
            yield f"{role} points to a {target['resourceType']}"
        return
    if isinstance(node, dict):
        for name, child in node.items():
            yield from _references(child, resources, name)
    elif isinstance(node, list):
        for child in node:
            yield from _references(child, resources, role)


def _codings(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        if node.get("system") == "http://unitsofmeasure.org" and node["code"] not in UNITS:
            yield f"{node['code']!r} is no UCUM unit of ours"
        if node.get("system") == "http://loinc.org" and node["code"] in DXA:
            yield f"{node['code']} is a DXA code"
        if node.get("system") == "http://snomed.info/sct" and "display" in node:
            yield "a SNOMED code with a description"
        for child in node.values():
            yield from _codings(child)
    elif isinstance(node, list):
        for child in node:
            yield from _codings(child)
