import uuid
from datetime import UTC, datetime

import pytest
from fhir.resources.R4B.servicerequest import ServiceRequest

from cds.hooks.orders import Asked
from cds.hooks.suggestion import dxa_suggestion
from tests.support.assessments import an_assessment

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
CARD = uuid.UUID("4a0b3b79-5a3e-4f6e-9a53-5a0f3a8c1d2e")


def order_for(asked: Asked):
    """The ServiceRequest that a card suggests."""
    (action,) = dxa_suggestion(an_assessment(), asked, CARD, NOW).actions
    assert action.type == "create"
    return action.resource


def test_the_suggested_order_is_complete():
    """A draft that can be signed as it is: what, for whom, by whom, where, why."""
    assert order_for(Asked("fhir-77", "Practitioner/dr-1", "enc-9", orders_imaging=True)) == {
        "resourceType": "ServiceRequest",
        "status": "draft",
        "intent": "order",
        "category": [
            {
                "coding": [{"system": "http://loinc.org", "code": "LP29684-5", "display": "Radiology"}],
                "text": "Imaging",
            }
        ],
        "code": {
            "coding": [{"system": "http://loinc.org", "code": "83012-5"}],
            "text": "DXA bone density of spine and hip",
        },
        "subject": {"reference": "Patient/fhir-77"},
        "encounter": {"reference": "Encounter/enc-9"},
        "requester": {"reference": "Practitioner/dr-1"},
        "authoredOn": "2026-03-02T09:30:00+00:00",
        "reasonCode": [
            {
                "text": "CT (14 Sep 2025): L1-L2 trabecular bone density 70 mg/cm3 (95 % interval 65-75), "
                "osteoporosis range"
            }
        ],
    }


@pytest.mark.parametrize(
    ("user", "requester"),
    [
        ("Practitioner/7", {"reference": "Practitioner/7"}),
        ("PractitionerRole/7", {"reference": "PractitionerRole/7"}),
        ("Patient/7", None),
        (None, None),
    ],
)
def test_only_a_practitioner_requests(user, requester):
    """A patient or an unnamed user is not written into the order as its requester."""
    order = order_for(Asked("fhir-77", user, None, orders_imaging=True))

    assert order.get("requester") == requester
    assert "encounter" not in order


def test_the_suggested_order_is_valid_fhir():
    """It parses as a FHIR ServiceRequest."""
    ServiceRequest.model_validate(order_for(Asked("fhir-77", "Practitioner/dr-1", "enc-9", orders_imaging=True)))
