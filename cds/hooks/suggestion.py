"""What a card offers to do: a DXA as a complete draft order, or the finding as reason for one being drafted.

ServiceRequest of FHIR R4 with the elements that US Core 7 wants supported; `draft` and `order`, as the
draft orders of the hook itself are. `occurrence` is the clinician's to say. There is one suggestion on
a card, so it carries no `isRecommended`: that tells several apart, and clients may preselect it.
"""

import uuid
from datetime import datetime

from pydantic import JsonValue

from cds.bone.assessment import Assessment
from cds.bone.words import category_words, day_words, interval_words, mg_words
from cds.hooks.messages import Action, Resource, Suggestion
from cds.hooks.orders import Asked
from cds.hooks.rules import CardRules

_LOINC = "http://loinc.org"
_RADIOLOGY = "LP29684-5"
_MAY_REQUEST = ("Practitioner/", "PractitionerRole/")
_DXA_NAME = "DXA bone density of spine and hip"


def dxa_suggestion(reasons: Resource, asked: Asked, rules: CardRules, card: uuid.UUID, now: datetime) -> Suggestion:
    """Accepting it adds the draft order to what is being signed."""
    return Suggestion(
        label="Order DXA of spine and hip",
        uuid=str(uuid.uuid5(card, "dxa")),
        actions=(
            Action(
                type="create",
                description="Adds a draft order for DXA of spine and hip",
                resource=_service_request(asked, rules, now) | reasons,
            ),
        ),
    )


def reason_suggestion(reasons: Resource, draft: Resource, card: uuid.UUID) -> Suggestion:
    """Accepting it adds the finding to the reasons of the DXA that is being ordered; nothing else of it changes."""
    kept = _filled_parts(draft)
    added: Resource = {key: [*_listed(kept.get(key)), *_listed(value)] for key, value in reasons.items()}
    return Suggestion(
        label="Add the CT finding as a reason to the DXA order",
        uuid=str(uuid.uuid5(card, "reason")),
        actions=(
            Action(
                type="update",
                description="Adds the CT finding to the reasons of the draft DXA order",
                resource=kept | added,
            ),
        ),
    )


def _service_request(asked: Asked, rules: CardRules, now: datetime) -> Resource:
    codes: list[JsonValue] = [
        _filled_parts({"system": each.system, "code": each.code, "display": each.display})
        for each in rules.dxa_order_codes
    ]
    order: Resource = {
        "resourceType": "ServiceRequest",
        "status": "draft",
        "intent": "order",
        "category": [
            {"coding": [{"system": _LOINC, "code": _RADIOLOGY, "display": "Radiology"}], "text": "Imaging"},
        ],
        "priority": "routine",
        "code": {"coding": codes, "text": _DXA_NAME},
        "subject": {"reference": f"Patient/{asked.patient_id}"},
        "authoredOn": now.isoformat(timespec="seconds"),
    }
    if asked.encounter_id is not None:
        order["encounter"] = {"reference": f"Encounter/{asked.encounter_id}"}
    if asked.user is not None and asked.user.startswith(_MAY_REQUEST):
        order["requester"] = {"reference": asked.user}
    return order


def reasons_of(assessment: Assessment, own_observation: str | None) -> Resource:
    """The result's Observation where the client's server has been seen to have it, else the finding in words."""
    if own_observation is not None:
        return {"reasonReference": [{"reference": own_observation}]}
    value = "" if assessment.vbmd_mg_cm3 is None else f" {mg_words(assessment.vbmd_mg_cm3)} mg/cm3"
    interval = "" if assessment.ci95_mg_cm3 is None else f" (95 % interval {interval_words(assessment.ci95_mg_cm3)})"
    when = day_words(assessment.acquisition.study_date)
    found = f"CT ({when}): L1-L2 trabecular bone density{value}{interval}, {category_words(assessment)}"
    return {"reasonCode": [{"text": found}]}


def _filled_parts(resource: Resource) -> Resource:
    """Without what is null or empty, which FHIR does not allow and clients send all the same."""
    parts = {key: _filled(value) for key, value in resource.items()}
    return {key: value for key, value in parts.items() if value is not None}


def _filled(value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        return _filled_parts(value) or None
    if isinstance(value, list):
        return [part for part in map(_filled, value) if part is not None] or None
    return None if value == "" else value


def _listed(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else [] if value is None else [value]
