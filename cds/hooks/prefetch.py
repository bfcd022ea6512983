"""The Patient of a hook: prefetched, or read from the client's FHIR server; links followed.

the prefetched Patient is another one          -> 400
prefetch missing, null or an OperationOutcome  -> read from fhirServer; if that cannot be -> 412
the record was replaced by another             -> that record, by reading it; if that cannot be -> no value
"""

from collections.abc import Mapping
from datetime import datetime

from cds.ct.patient import PatientIdentity
from cds.hooks.discovery import PATIENT_KEY
from cds.hooks.identity import IdentityRules, IdentityUncertain, identity_of
from cds.hooks.messages import HookCall
from cds.hooks.orders import Asked, patient_in
from cds.hooks.problems import Problem
from cds.ports import ChartUnreadable, PatientChart

_LONGEST_CHAIN = 3
"""How many replaced records are followed before the chain is taken for a mistake."""

FhirPatient = Mapping[str, object]


async def identify(
    call: HookCall, asked: Asked, chart: PatientChart, rules: IdentityRules, at: datetime
) -> PatientIdentity:
    """Who the order is for; raises `Problem` or `IdentityUncertain`."""
    patient = _prefetched(call)
    if patient is None:
        patient = await _read_missing(call, asked, chart)
    if patient.get("id") != asked.patient_id:
        raise Problem(400, "The Patient in prefetch is not the patient of context.patientId.")
    return identity_of(await _survivor(patient, call, chart), rules, at)


def _prefetched(call: HookCall) -> FhirPatient | None:
    given = (call.prefetch or {}).get(PATIENT_KEY)
    return given if isinstance(given, dict) and given.get("resourceType") == "Patient" else None


async def _read_missing(call: HookCall, asked: Asked, chart: PatientChart) -> FhirPatient:
    try:
        return await _read(call, asked.patient_id, chart)
    except ChartUnreadable as fault:
        raise Problem(412, f"Missing prefetch keys: {PATIENT_KEY}. {fault}.") from fault


async def _read(call: HookCall, patient_id: str, chart: PatientChart) -> FhirPatient:
    if not call.fhir_server:
        raise ChartUnreadable("The call names no fhirServer to read them from")
    patient = await chart.read_patient(call.fhir_server, patient_id, call.token)
    if patient.get("resourceType") != "Patient" or patient.get("id") != patient_id:
        raise ChartUnreadable("fhirServer answered with something else than this Patient")
    return patient


async def _survivor(patient: FhirPatient, call: HookCall, chart: PatientChart) -> FhirPatient:
    """The record that is in use, following `link` of type replaced-by."""
    for _ in range(_LONGEST_CHAIN):
        successors = _replaced_by(patient)
        if not successors:
            return patient
        if len(successors) > 1:
            raise IdentityUncertain("patient-link-ambiguous")
        successor = _on_this_server(successors.pop(), call.fhir_server)
        if successor is None:
            raise IdentityUncertain("patient-link-unreadable")
        try:
            patient = await _read(call, successor, chart)
        except ChartUnreadable as fault:
            raise IdentityUncertain("patient-replaced") from fault
    if _replaced_by(patient):
        raise IdentityUncertain("patient-link-circular")
    return patient


def _replaced_by(patient: FhirPatient) -> set[str]:
    """The references of its replaced-by links; "" for one that names nothing."""
    given = patient.get("link")
    links = [each for each in given if isinstance(each, dict)] if isinstance(given, list) else []
    others = [each.get("other") for each in links if each.get("type") == "replaced-by"]
    return {str(other.get("reference", "")) if isinstance(other, dict) else "" for other in others}


def _on_this_server(reference: str, fhir_server: str | None) -> str | None:
    """The id that a reference names on the client's own server; an id elsewhere means somebody else."""
    base = (fhir_server or "").rstrip("/") + "/"
    relative = reference.removeprefix(base) if fhir_server else reference
    return patient_in({"reference": relative}) if relative.startswith("Patient/") else None
