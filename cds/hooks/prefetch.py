"""The Patient of a hook: prefetched, or read from the client's FHIR server; links followed.

the prefetched Patient is another one          -> 400
prefetch missing, null or an OperationOutcome  -> read from fhirServer; if that cannot be -> 412
the record was replaced by another             -> that record, by reading it; if that cannot be -> no value
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from cds.ct.patient import PatientIdentity
from cds.hooks.bundles import resources_in
from cds.hooks.identity import IdentityRules, IdentityUncertain, identity_of
from cds.hooks.messages import HookCall
from cds.hooks.order_kinds import OrderKinds
from cds.hooks.orders import Asked
from cds.hooks.prefetch_templates import PATIENT
from cds.hooks.problems import Problem
from cds.hooks.references import patient_in
from cds.ports import ChartAccess, ChartUnreadable, FhirPages, PatientChart

_LONGEST_CHAIN = 3
"""How many replaced records are followed before the chain is taken for a mistake."""

FhirPatient = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class PatientRecord:
    """What is kept of the Patient."""

    identity: PatientIdentity
    fhir_ids: frozenset[str]
    """Of the record that the call names, and of those that replaced it."""
    deceased: bool = False

    @property
    def birth_date(self) -> date | None:
        """As the chart has it."""
        return self.identity.birth_date


@dataclass(frozen=True, slots=True)
class Inquiry:
    """One call, and what may be read for it."""

    call: HookCall
    asked: Asked
    chart: PatientChart
    access: ChartAccess | None
    """The FHIR server that the call names, if it names one."""
    kinds: OrderKinds | None = None
    """Which orders on record are DXA; None: by the shipped value sets."""


def access_of(call: HookCall, allowed_origins: tuple[str, ...] | None = None) -> ChartAccess | None:
    """`allowed_origins` are those of fhirServer that the calling client may name; None: as the site allows."""
    return ChartAccess(call.fhir_server, call.token, allowed_origins) if call.fhir_server else None


async def identify(
    inquiry: Inquiry, rules: IdentityRules, at: datetime, *, also_missing: Collection[str] = ()
) -> PatientRecord:
    """Who the order is for; raises `Problem`, which names `also_missing` too, or `IdentityUncertain`."""
    patient = _prefetched(inquiry)
    if patient is None:
        try:
            patient = await _read(inquiry, inquiry.asked.patient_id)
        except ChartUnreadable as fault:
            raise missing((PATIENT, *also_missing), (str(fault),)) from fault
    records = [patient, *await _successors(patient, inquiry)]
    return PatientRecord(
        identity_of(records[-1], rules, at),
        frozenset(str(each.get("id")) for each in records),
        any(map(_is_deceased, records)),
    )


async def fetched(inquiry: Inquiry, queries: Mapping[str, str]) -> Mapping[str, FhirPages | ChartUnreadable]:
    """What the client's FHIR server answers, by key."""
    if inquiry.access is None:
        return dict.fromkeys(queries, ChartUnreadable("The call names no fhirServer to read them from"))
    return await inquiry.chart.fetch(inquiry.access, queries) if queries else {}


def missing(keys: Collection[str], why: Collection[str]) -> Problem:
    """The 412 that names every prefetch key which could neither be used nor read (CDS Hooks 2.0, "Prefetch")."""
    reasons = " ".join(f"{each}." for each in dict.fromkeys(why))
    return Problem(412, f"Missing prefetch keys: {', '.join(keys)}. {reasons}".strip())


def _prefetched(inquiry: Inquiry) -> FhirPatient | None:
    held = resources_in((inquiry.call.prefetch or {}).get(PATIENT)) or ()
    patients = [each for each in held if each.get("resourceType") == "Patient"]
    if any(each.get("id") != inquiry.asked.patient_id for each in patients):
        raise Problem(400, "The Patient in prefetch is not the patient of context.patientId.")
    return patients[0] if patients else None


async def _read(inquiry: Inquiry, patient_id: str) -> FhirPatient:
    found = (await fetched(inquiry, {PATIENT: f"Patient/{patient_id}"}))[PATIENT]
    if isinstance(found, ChartUnreadable):
        raise found
    patient = found[0]
    if patient.get("resourceType") != "Patient" or patient.get("id") != patient_id:
        raise ChartUnreadable("fhirServer answered with something else than this Patient")
    return patient


async def _successors(patient: FhirPatient, inquiry: Inquiry) -> list[FhirPatient]:
    """The records that replaced it, the one in use last, following `link` of type replaced-by."""
    records: list[FhirPatient] = []
    for _ in range(_LONGEST_CHAIN):
        successors = _replaced_by(patient)
        if not successors:
            return records
        if len(successors) > 1:
            raise IdentityUncertain("patient-link-ambiguous")
        successor = _on_this_server(successors.pop(), inquiry.access)
        if successor is None:
            raise IdentityUncertain("patient-link-unreadable")
        try:
            patient = await _read(inquiry, successor)
        except ChartUnreadable as fault:
            raise IdentityUncertain("patient-replaced") from fault
        records.append(patient)
    if _replaced_by(patient):
        raise IdentityUncertain("patient-link-circular")
    return records


def _replaced_by(patient: FhirPatient) -> set[str]:
    """The references of its replaced-by links; "" for one that names nothing."""
    given = patient.get("link")
    links = [each for each in given if isinstance(each, dict)] if isinstance(given, list) else []
    others = [each.get("other") for each in links if each.get("type") == "replaced-by"]
    return {str(other.get("reference", "")) if isinstance(other, dict) else "" for other in others}


def _on_this_server(reference: str, access: ChartAccess | None) -> str | None:
    """The id that a reference names on the client's own server; an id elsewhere means somebody else."""
    relative = reference.removeprefix(access.server.rstrip("/") + "/") if access is not None else reference
    return patient_in({"reference": relative}) if relative.startswith("Patient/") else None


def _is_deceased(patient: FhirPatient) -> bool:
    return patient.get("deceasedBoolean") is True or bool(patient.get("deceasedDateTime"))
