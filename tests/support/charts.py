"""Builders of chart resources as EHRs send them; each test varies one thing."""

from tests.support.hook_calls import FHIR_ID

SNOMED = "http://snomed.info/sct"
LOINC = "http://loinc.org"
ICD10 = "http://hl7.org/fhir/sid/icd-10-cm"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
ATC = "http://www.whocc.no/atc"
CPT = "http://www.ama-assn.org/go/cpt"
OURS = {"reference": f"Patient/{FHIR_ID}"}


def a_concept(code=None, system=None, *, text=None, display=None):
    """A CodeableConcept with one coding, or none."""
    coding = {"code": code, "system": system, "display": display}
    coding = {name: value for name, value in coding.items() if value is not None}
    return {"coding": [coding] if coding else []} | ({"text": text} if text else {})


def a_condition(code, status="active", **fields):
    """A problem; `code` is a CodeableConcept."""
    usual = {"resourceType": "Condition", "subject": OURS, "code": code}
    clinical = (
        {} if status is None else {"clinicalStatus": a_concept(status, "http://terminology.hl7.org/condition-clinical")}
    )
    return usual | clinical | fields


def a_medication_order(medicine, status="active", **fields):
    """A MedicationRequest."""
    usual = {"resourceType": "MedicationRequest", "subject": OURS, "status": status, "intent": "order"}
    return usual | {"medicationCodeableConcept": medicine} | fields


def a_t_score(value, code="38267-1", on="2025-01-10", **fields):
    """A T-score of DXA."""
    usual = {"resourceType": "Observation", "status": "final", "subject": OURS, "effectiveDateTime": on}
    return usual | {"code": a_concept(code, LOINC), "valueQuantity": {"value": value, "code": "{T-score}"}} | fields


def a_dxa_report(on="2025-01-12", **fields):
    """A report of DXA without discrete results."""
    usual = {"resourceType": "DiagnosticReport", "status": "final", "subject": OURS, "effectiveDateTime": on}
    return usual | {"code": a_concept("38269-7", LOINC)} | fields


def an_order(code, status="active", **fields):
    """A ServiceRequest of the chart."""
    usual = {"resourceType": "ServiceRequest", "subject": OURS, "status": status, "intent": "order", "code": code}
    return usual | {"authoredOn": "2026-02-01"} | fields


def a_procedure(code, status="completed", **fields):
    """A Procedure."""
    return {"resourceType": "Procedure", "subject": OURS, "status": status, "code": code} | fields


def an_encounter(code="AMB", **fields):
    """The Encounter of a call."""
    kind = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": code}
    return {"resourceType": "Encounter", "subject": OURS, "status": "in-progress", "class": kind} | fields
