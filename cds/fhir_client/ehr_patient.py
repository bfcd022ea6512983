"""Who on the EHR's server is the patient of a result: exactly one, beyond doubt, or nobody."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import get_args

from cds.ct.patient import ArchivedPatient, PatientIdentity, Sex, contradict
from cds.ehr import PatientUnresolved
from cds.fhir_client.ehr_replies import Json
from cds.fhir_client.ehr_session import EhrSession

_REPLACED = frozenset({"replaced-by"})
"""Of `Patient.link`: another resource is to be used instead."""


def resolve_patient(session: EhrSession, identifier_system: str, patient: PatientIdentity, at: datetime) -> str:
    """Such as "Patient/7"; raises `PatientUnresolved`, with no identifier in the message.

    Counted are active patients that carry the identifier now, exactly; a birth date or sex that
    contradicts the images' refuses the one that is left.
    """
    value = patient.key.patient_id.strip()
    token = f"{_escaped(identifier_system)}|{_escaped(value)}"
    found = session.search("Patient", {"identifier": token, "_count": "20"})
    ours = [each for each in found if _is_current(each) and _carries(each, identifier_system, value, at)]
    ids = {each["id"] for each in ours if isinstance(each.get("id"), str)}
    if len(ids) != 1:
        counted = "no active patient has" if not ids else f"{len(ids)} active patients have"
        raise PatientUnresolved(f"{counted} the identifier on the EHR's server")
    if contradict(patient, _person(ours[0])):
        raise PatientUnresolved("the EHR's birth date or sex of the patient contradicts that of the images")
    return f"Patient/{ids.pop()}"


def _is_current(patient: Json) -> bool:
    links = patient.get("link")
    replaced = any(isinstance(each, dict) and each.get("type") in _REPLACED for each in links or ())
    return patient.get("active") is not False and not replaced


def _carries(patient: Json, system: str, value: str, at: datetime) -> bool:
    listed = patient.get("identifier")
    return any(
        isinstance(each, dict)
        and each.get("system") == system
        and str(each.get("value", "")).strip() == value
        and each.get("use") != "old"
        and not _is_over(each.get("period"), at)
        for each in (listed if isinstance(listed, list) else ())
    )


def _is_over(period: object, at: datetime) -> bool:
    """An end that cannot be read counts as one that lies behind us."""
    end = period.get("end") if isinstance(period, Mapping) else None
    if end is None:
        return False
    try:
        return date.fromisoformat(str(end)[:10]) < at.astimezone(UTC).date()
    except ValueError:
        return len(str(end)) >= 10 or str(end)[:4] < str(at.year)


def _person(patient: Json) -> ArchivedPatient:
    born, gender = patient.get("birthDate"), patient.get("gender")
    try:
        birth_date = date.fromisoformat(born) if isinstance(born, str) and len(born) == 10 else None
    except ValueError:
        birth_date = None
    sexes: dict[object, Sex] = {sex: sex for sex in get_args(Sex)}
    return ArchivedPatient("-", None, birth_date, sexes.get(gender))


def _escaped(text: str) -> str:
    """Characters that mean something in a search parameter (FHIR R4, "Search", escaping)."""
    for special in ("\\", "$", ",", "|"):
        text = text.replace(special, f"\\{special}")
    return text
