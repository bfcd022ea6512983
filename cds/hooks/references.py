"""References and ids of the client's own server, as calls carry them."""

import re

_ID = r"[A-Za-z0-9\-.]{1,64}"
_FHIR_ID = re.compile(_ID)
_RELATIVE = re.compile(rf"[A-Za-z]{{1,32}}/{_ID}")
_CONTEXT_PATIENT = re.compile(rf"(?:(?:https?://\S+/)?Patient/)?(?P<id>{_ID})(?:/_history/[A-Za-z0-9\-.]+)?")
_PATIENT = re.compile(rf"(?:https?://\S+/)?Patient/(?P<id>{_ID})(?:/_history/[A-Za-z0-9\-.]+)?")


def context_patient(text: str) -> str | None:
    """The id in context.patientId; some clients send "Patient/123". None if it is no FHIR id."""
    match = _CONTEXT_PATIENT.fullmatch(text)
    return match["id"] if match and set(match["id"]) != {"."} else None


def patient_in(reference: object) -> str | None:
    """The id that a FHIR Reference to a Patient names, relative or absolute; None if it names none."""
    text = reference.get("reference") if isinstance(reference, dict) else None
    match = _PATIENT.fullmatch(text) if isinstance(text, str) else None
    return match["id"] if match else None


def relative_reference(text: str | None) -> str | None:
    """Such as "Practitioner/7", from a relative or absolute one; None for anything else. At most 97 characters."""
    reference = "/".join((text or "").partition("/_history/")[0].rsplit("/", 2)[-2:])
    return reference if _RELATIVE.fullmatch(reference) else None


def last_id(text: str | None) -> str | None:
    """The id at the end of an id or reference."""
    last = (text or "").rpartition("/")[2]
    return last if _FHIR_ID.fullmatch(last) else None
