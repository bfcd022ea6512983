"""The validators would notice: a table of mistakes, and of who sees each one.

No validator sees all of them, and the table is asserted whole, so that an upgrade which sees more or
less is noticed too.
"""

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class
from pydantic import ValidationError

from tests.reporting.golden_cases import rendered
from tests.support.fhir_definitions import terminology_issues

P, M, F, T = "pyrofile", "medplum", "fhir.resources", "terminology"
Json = dict[str, Any]

ASSESSMENT, LEVEL, REPORT, DEVICE, PROVENANCE, PATIENT, STUDY, REFUSED, READ, WITHDRAWN = range(10)


@dataclass(frozen=True)
class Mistake:
    """What is done to which resource, and who notices."""

    where: int
    do: Callable[[Json], object]
    noticed_by: frozenset[str]


def _component(resource: Json, code: str) -> Json:
    return next(each for each in resource["component"] if each["code"]["coding"][0]["code"] == code)


def _without(resource: Json, code: str) -> None:
    resource["component"].remove(_component(resource, code))


def mistake(where: int, do: Callable[[Json], object], *noticed_by: str) -> Mistake:
    """One line of the table."""
    return Mistake(where, do, frozenset(noticed_by))


DXA = {"system": "http://loinc.org", "code": "38267-1"}

MISTAKES = {
    "no status": mistake(ASSESSMENT, lambda r: r.pop("status"), P, M, F),
    "unknown status": mistake(ASSESSMENT, lambda r: r.update(status="bogus"), P),
    "status that is never ours": mistake(ASSESSMENT, lambda r: r.update(status="registered"), P),
    "final without a reader": mistake(ASSESSMENT, lambda r: r.update(status="final"), P, M),
    "reader of a preliminary result": mistake(ASSESSMENT, lambda r: r.update(performer=[{"display": "Dr. A"}]), P, M),
    "no category": mistake(ASSESSMENT, lambda r: r.pop("category"), P, M),
    "laboratory for imaging": mistake(
        ASSESSMENT, lambda r: r["category"][0]["coding"][0].update(code="laboratory", display="Laboratory"), P, M, T
    ),
    "no subject": mistake(ASSESSMENT, lambda r: r.pop("subject"), P, M),
    "subject is a device": mistake(ASSESSMENT, lambda r: r.update(subject=r["device"]), P, M),
    "no device": mistake(ASSESSMENT, lambda r: r.pop("device"), P, M),
    "no date and no word about it": mistake(ASSESSMENT, lambda r: r.pop("effectiveDateTime"), P, M),
    "a day that no calendar has": mistake(ASSESSMENT, lambda r: r.update(effectiveDateTime="2020-13-45"), M, F),
    "a year alone": mistake(ASSESSMENT, lambda r: r.update(effectiveDateTime="2020"), M),
    "instant without a time zone": mistake(ASSESSMENT, lambda r: r.update(issued="2026-03-02T09:30:00"), P, M, F),
    "unit mg/cc": mistake(ASSESSMENT, lambda r: r["valueQuantity"].update(code="mg/cc"), P, M, T),
    "areal density": mistake(ASSESSMENT, lambda r: r["valueQuantity"].update(unit="g/cm2", code="g/cm2"), P, M, T),
    "HU as a unit": mistake(LEVEL, lambda r: _component(r, "hu")["valueQuantity"].update(code="HU"), P, T),
    "unit without a system": mistake(ASSESSMENT, lambda r: r["valueQuantity"].pop("system"), P, M, T),
    "value in words": mistake(ASSESSMENT, lambda r: r["valueQuantity"].update(value="seventy"), P, M, F),
    "two values": mistake(ASSESSMENT, lambda r: r.update(valueString="70"), P, M, F),
    "neither value nor reason": mistake(LEVEL, lambda r: r.pop("valueQuantity"), P, M),
    "value and a reason for none": mistake(ASSESSMENT, lambda r: r.update(dataAbsentReason={"text": "none"}), P, M),
    "refused without a coded reason": mistake(REFUSED, lambda r: [_without(r, "reason") for _ in range(2)], P, M),
    "value without its interval": mistake(ASSESSMENT, lambda r: _without(r, "ci95-low"), P, M),
    "interval as a string": mistake(
        ASSESSMENT,
        lambda r: (_component(r, "ci95-low").pop("valueQuantity"), _component(r, "ci95-low").update(valueString="64")),
        P,
    ),
    "no HU": mistake(LEVEL, lambda r: _without(r, "hu"), P, M),
    "no word about contrast": mistake(ASSESSMENT, lambda r: _without(r, "contrast"), P, M),
    "a DXA code beside ours": mistake(ASSESSMENT, lambda r: r["code"]["coding"].append(DXA), P, M, T),
    "a DXA code for ours": mistake(ASSESSMENT, lambda r: r["code"]["coding"].__setitem__(0, DXA), P, M, T),
    "category out of its value set": mistake(
        ASSESSMENT,
        lambda r: _component(r, "category")["valueCodeableConcept"]["coding"][0].update(code="osteoporosis"),
        P,
        T,
    ),
    "flag that no table has": mistake(
        ASSESSMENT,
        lambda r: _component(r, "quality-flag")["valueCodeableConcept"]["coding"][0].update(code="odd"),
        P,
        T,
    ),
    "component that no table has": mistake(
        ASSESSMENT, lambda r: _component(r, "kvp")["code"]["coding"][0].update(code="t-score"), P, T
    ),
    "vertebra C7": mistake(LEVEL, lambda r: r["bodySite"]["coding"][0].update(code="C7"), P, T),
    "interpretation": mistake(ASSESSMENT, lambda r: r.update(interpretation=[{"text": "normal"}]), P, M),
    "unknown element": mistake(ASSESSMENT, lambda r: r.update(bmd=70.1), P, M, F),
    "empty list": mistake(ASSESSMENT, lambda r: r.update(note=[]), P, M),
    "null": mistake(ASSESSMENT, lambda r: r.update(note=[{"text": None}]), P, M, F),
    "report of nothing": mistake(REPORT, lambda r: r.pop("result"), P, M),
    "report interpreted by software": mistake(
        REPORT, lambda r: r.update(resultsInterpreter=[{"reference": "Device/1", "type": "Device"}]), P, M
    ),
    "software of no version": mistake(DEVICE, lambda r: r.pop("version"), P, M),
    "software that is a scanner": mistake(DEVICE, lambda r: r["type"]["coding"][0].update(code="CT"), P, M),
    "asserted by nobody": mistake(PROVENANCE, lambda r: r.pop("agent"), P, M, F),
    "not said to be AI": mistake(PROVENANCE, lambda r: r.pop("reason"), P, M),
    "patient without an identifier": mistake(PATIENT, lambda r: r.pop("identifier"), P, M),
    "study of nobody": mistake(STUDY, lambda r: r.pop("subject"), P, M, F),
    "rendition as PDF": mistake(REPORT, lambda r: r["presentedForm"][0].update(contentType="application/pdf"), P, M),
    "rendition without a hash": mistake(REPORT, lambda r: r["presentedForm"][0].pop("hash"), P, M),
    "in error without a word why": mistake(WITHDRAWN, lambda r: r.pop("extension"), P, M),
    "in error for a reason that no table has": mistake(
        WITHDRAWN, lambda r: r["extension"][0]["valueCodeableConcept"]["coding"][0].update(code="dislike"), T
    ),
    "read by nobody": mistake(READ, lambda r: r.pop("performer"), P, M),
}


def _first(name: str, kind: str, number: int = 0) -> Json:
    resources = [entry["resource"] for entry in json.loads(rendered(name))["entry"]]
    return [each for each in resources if each["resourceType"] == kind][number]


@pytest.fixture(scope="module")
def whole():
    """The resources that are spoilt, by number, before they are."""
    return {
        ASSESSMENT: _first("assessed", "Observation"),
        LEVEL: _first("assessed", "Observation", 1),
        REPORT: _first("assessed", "DiagnosticReport"),
        DEVICE: _first("assessed", "Device"),
        PROVENANCE: _first("assessed", "Provenance"),
        PATIENT: _first("assessed", "Patient"),
        STUDY: _first("assessed", "ImagingStudy"),
        REFUSED: _first("not-assessable", "Observation"),
        READ: _first("accepted", "Observation"),
        WITHDRAWN: _first("rejected", "DiagnosticReport"),
    }


def _by_model(resource: Json) -> list[str]:
    try:
        get_fhir_model_class(resource["resourceType"]).model_validate(copy.deepcopy(resource))
    except ValidationError as error:
        return [str(error)]
    return []


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_noticed_by_those_who_can(name, whole, pyrofile, medplum):
    """At least one, and exactly those of the table."""
    made = MISTAKES[name]
    resource = copy.deepcopy(whole[made.where])
    made.do(resource)

    ask = {P: pyrofile.issues, M: medplum.issues, F: _by_model, T: terminology_issues}
    noticed = {who for who, issues in ask.items() if issues(resource)}

    assert noticed == made.noticed_by
    assert noticed


def test_whole_resources_are_noticed_by_nobody(whole, pyrofile, medplum):
    """So it is the mistakes that they see. Alone, outside its Bundle, a resource keeps its references."""
    for resource in whole.values():
        assert medplum.issues(resource) == pyrofile.issues(resource) == []
        assert _by_model(resource) == terminology_issues(resource) == []
