"""The order that a card suggests: DXA, as a complete draft ServiceRequest (FHIR R4)."""

import uuid
from datetime import datetime

from cds.bone.assessment import Assessment
from cds.bone.words import category_words, day_words, interval_words, mg_words
from cds.hooks.messages import Action, Coding, Resource, Suggestion
from cds.hooks.orders import Asked

_LOINC = "http://loinc.org"
_DXA_AXIAL = "83012-5"
_RADIOLOGY = "LP29684-5"
_MAY_REQUEST = ("Practitioner/", "PractitionerRole/")

OVERRIDE_SYSTEM = "http://osteocds.org/fhir/CodeSystem/override-reason"
OVERRIDE_REASONS = tuple(
    Coding(code=code, system=OVERRIDE_SYSTEM, display=display)
    for code, display in (
        ("dxa-done-or-planned", "DXA has been done recently or is planned"),
        ("already-treated", "Bone density is already being treated"),
        ("later", "Will be addressed at another visit"),
        ("not-appropriate", "Not appropriate for this patient now"),
        ("patient-declined", "The patient declined"),
        ("finding-doubted", "The CT finding does not seem reliable"),
    )
)
"""Why a clinician may set the card aside; feedback comes back with these codes."""


def dxa_suggestion(assessment: Assessment, asked: Asked, card: uuid.UUID, now: datetime) -> Suggestion:
    """Accepting it adds the draft order to what is being signed."""
    return Suggestion(
        label="Order DXA of spine and hip",
        uuid=str(uuid.uuid5(card, "dxa")),
        actions=(
            Action(
                type="create",
                description="Adds a draft order for DXA of spine and hip",
                resource=_service_request(assessment, asked, now),
            ),
        ),
    )


def _service_request(assessment: Assessment, asked: Asked, now: datetime) -> Resource:
    order: Resource = {
        "resourceType": "ServiceRequest",
        "status": "draft",
        "intent": "order",
        "category": [
            {"coding": [{"system": _LOINC, "code": _RADIOLOGY, "display": "Radiology"}], "text": "Imaging"},
        ],
        "code": {"coding": [{"system": _LOINC, "code": _DXA_AXIAL}], "text": "DXA bone density of spine and hip"},
        "subject": {"reference": f"Patient/{asked.patient_id}"},
        "authoredOn": now.isoformat(timespec="seconds"),
        "reasonCode": [{"text": _reason(assessment)}],
    }
    if asked.encounter_id is not None:
        order["encounter"] = {"reference": f"Encounter/{asked.encounter_id}"}
    if asked.user is not None and asked.user.startswith(_MAY_REQUEST):
        order["requester"] = {"reference": asked.user}
    return order


def _reason(assessment: Assessment) -> str:
    value = "" if assessment.vbmd_mg_cm3 is None else f" {mg_words(assessment.vbmd_mg_cm3)} mg/cm3"
    interval = "" if assessment.ci95_mg_cm3 is None else f" (95 % interval {interval_words(assessment.ci95_mg_cm3)})"
    when = day_words(assessment.acquisition.study_date)
    return f"CT ({when}): L1-L2 trabecular bone density{value}{interval}, {category_words(assessment)}"
