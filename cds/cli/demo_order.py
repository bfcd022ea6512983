"""The order-sign request that an EHR would send for the sample patient.

The sample is de-identified: its patient has an identifier and nothing else.
"""

import uuid
from typing import Any

from cds.hooks.prefetch_templates import prefetch_for

IDENTIFIER_SYSTEM = "https://www.cancerimagingarchive.net/collection/lidc-idri"
PATIENT_ID = "LIDC-IDRI-0001"
FHIR_ID = "sample-patient"
SERVICE = "osteocds-order-sign"


def order_sign_request(clinician: str = "sample-clinician") -> dict[str, Any]:
    """A CDS Hooks 2.0 request: a clinician is about to sign an order for a chest CT."""
    return {
        "hook": "order-sign",
        "hookInstance": str(uuid.uuid4()),
        "context": {
            "userId": f"Practitioner/{clinician}",
            "patientId": FHIR_ID,
            "draftOrders": {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": _chest_ct()}]},
        },
        "prefetch": dict.fromkeys(prefetch_for("order-sign")) | {"patient": _patient()},  # null: nothing on record
    }


def _patient() -> dict[str, Any]:
    return {
        "resourceType": "Patient",
        "id": FHIR_ID,
        "active": True,
        "identifier": [{"use": "official", "system": IDENTIFIER_SYSTEM, "value": PATIENT_ID}],
    }


def _chest_ct() -> dict[str, Any]:
    return {
        "resourceType": "ServiceRequest",
        "id": "draft-chest-ct",
        "status": "draft",
        "intent": "order",
        "subject": {"reference": f"Patient/{FHIR_ID}"},
        "code": {"coding": [{"system": "http://loinc.org", "code": "24627-2"}], "text": "CT chest"},
    }
