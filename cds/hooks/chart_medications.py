"""From medication resources: whether osteoporosis is being treated.

an active order, or a medicine that the patient reports     -> treated
given or completed, within the time that it acts            -> treated
anything else: stopped, on hold, cancelled, only proposed   -> not

A medicine is known by its code or name, or by those of the Medication that it refers to, if that
came along. What has neither is no osteoporosis medicine as far as one can tell.
"""

from collections.abc import Iterable, Mapping
from datetime import date

from cds.hooks.bundles import Resource
from cds.hooks.chart_codes import ACTS_FOR, MEDICINES
from cds.hooks.concepts import listed, word
from cds.hooks.fhir_time import first_day

_ACTIVE = frozenset({"active", "in-progress"})
_GIVEN = frozenset({"completed", "ended"})
_AUTHORISED = frozenset({"order", "original-order", "reflex-order", "filler-order", "instance-order"})
_TYPES = frozenset({"MedicationRequest", "MedicationStatement", "MedicationAdministration"})


def is_treated(resources: Iterable[Resource], today: date) -> bool:
    """Whether an osteoporosis medicine acts today."""
    pool = tuple(resources)
    medications = {f"Medication/{each.get('id')}": each for each in pool if each.get("resourceType") == "Medication"}
    return any(_acts(each, medications, today) for each in pool if each["resourceType"] in _TYPES)


def _acts(resource: Resource, medications: Mapping[str, Resource], today: date) -> bool:
    if resource.get("doNotPerform") is True or not _is_meant(resource):
        return False
    medicine = _medicine(resource, medications)
    if not any(MEDICINES.holds(each) for each in medicine):
        return False
    is_single_dose = resource["resourceType"] == "MedicationAdministration"
    status = word(resource.get("status", "completed" if is_single_dose else "active"))
    if status in _ACTIVE:
        return True
    return status in _GIVEN and _still_acts(medicine, _given_on(resource), today)


def _is_meant(resource: Resource) -> bool:
    """An order, or in US Core a "plan" that says what the patient reports to take."""
    intent = word(resource.get("intent"))
    if intent is None or intent in _AUTHORISED or resource["resourceType"] != "MedicationRequest":
        return True
    return intent == "plan" and (resource.get("reportedBoolean") is True or bool(resource.get("reportedReference")))


def _still_acts(medicine: tuple[object, ...], given_on: date | None, today: date) -> bool:
    if given_on is None or given_on > today:
        return False
    return any(
        today - given_on <= span
        for meaning, span in ACTS_FOR.values()
        if any(meaning.holds(concept) for concept in medicine)
    )


def _given_on(resource: Resource) -> date | None:
    """The last day of which the record speaks."""
    period = resource.get("effectivePeriod")
    moments = (
        resource.get("effectiveDateTime"),
        *((period.get("end") or period.get("start"),) if isinstance(period, dict) else ()),
        resource.get("authoredOn"),
    )
    return next((day for day in map(first_day, moments) if day is not None), None)


def _medicine(resource: Resource, medications: Mapping[str, Resource]) -> tuple[object, ...]:
    """Everything that names it, as CodeableConcepts."""
    reference = resource.get("medicationReference")
    if not isinstance(reference, dict):
        return (resource.get("medicationCodeableConcept"),)
    address = reference.get("reference")
    referred = _referred(address, resource, medications) if isinstance(address, str) else None
    named = {"text": reference.get("display")}
    return (resource.get("medicationCodeableConcept"), named, *((referred.get("code"),) if referred else ()))


def _referred(address: str, resource: Resource, medications: Mapping[str, Resource]) -> Resource | None:
    if address.startswith("#"):
        contained = [each for each in listed(resource.get("contained")) if isinstance(each, dict)]
        return next((each for each in contained if each.get("id") == address[1:]), None)
    return medications.get("/".join(address.rsplit("/", 2)[-2:]))
