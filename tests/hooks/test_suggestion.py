import uuid
from datetime import UTC, datetime

import pytest
from fhir.resources.R4B.servicerequest import ServiceRequest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds.hooks.orders import Asked
from cds.hooks.suggestion import dxa_suggestion, reason_suggestion, reasons_of
from cds.settings import OrderCode
from tests.support.assessments import an_assessment
from tests.support.hook_cases import some_rules
from tests.support.hook_strategies import assessed

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
CARD = uuid.UUID("4a0b3b79-5a3e-4f6e-9a53-5a0f3a8c1d2e")
ASKED = Asked("fhir-77", "Practitioner/dr-1", "enc-9", orders_imaging=True)
IN_WORDS = "CT (14 Sep 2025): L1-L2 trabecular bone density 70 mg/cm3 (95 % interval 65-75), osteoporosis range"


def order_for(asked: Asked = ASKED, *, assessment=None, own_observation=None, **rules):
    """The ServiceRequest that a card suggests."""
    reasons = reasons_of(assessment or an_assessment(), own_observation)
    suggestion = dxa_suggestion(reasons, asked, some_rules(**rules), CARD, NOW)
    (action,) = suggestion.actions
    assert action.type == "create"
    return action.resource


def mended(draft, own_observation=None):
    """The drafted DXA order as a card would have it."""
    (action,) = reason_suggestion(reasons_of(an_assessment(), own_observation), draft, CARD).actions
    assert action.type == "update"
    return action.resource


def test_the_suggested_order_is_complete():
    """A draft that can be signed as it is: what, for whom, by whom, where, when, why."""
    assert order_for() == {
        "resourceType": "ServiceRequest",
        "status": "draft",
        "intent": "order",
        "category": [
            {
                "coding": [{"system": "http://loinc.org", "code": "LP29684-5", "display": "Radiology"}],
                "text": "Imaging",
            }
        ],
        "priority": "routine",
        "code": {
            "coding": [{"system": "http://loinc.org", "code": "83012-5"}],
            "text": "DXA bone density of spine and hip",
        },
        "subject": {"reference": "Patient/fhir-77"},
        "encounter": {"reference": "Encounter/enc-9"},
        "requester": {"reference": "Practitioner/dr-1"},
        "authoredOn": "2026-03-02T09:30:00+00:00",
        "reasonCode": [{"text": IN_WORDS}],
    }


def test_an_observation_on_that_server_is_the_reason():
    """The reference replaces the words; without one nothing is referred to."""
    order = order_for(own_observation="Observation/bone-1")

    assert order["reasonReference"] == [{"reference": "Observation/bone-1"}]
    assert "reasonCode" not in order
    assert "reasonReference" not in order_for()


def test_the_site_names_its_own_codes():
    """As its catalogue has them, in that order; a descriptor only where the site gives one."""
    codes = (OrderCode("urn:oid:1.2.3", "DXA-AX", "DXA axial"), OrderCode("http://www.ama-assn.org/go/cpt", "77080"))

    assert order_for(dxa_order_codes=codes)["code"]["coding"] == [
        {"system": "urn:oid:1.2.3", "code": "DXA-AX", "display": "DXA axial"},
        {"system": "http://www.ama-assn.org/go/cpt", "code": "77080"},
    ]


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


@given(assessed(), st.none() | st.just("Observation/bone-1"), st.none() | st.just("enc-9"))
@settings(max_examples=40)
def test_the_suggested_order_is_valid_fhir(assessment, own_observation, encounter_id):
    """It parses as a FHIR R4 ServiceRequest, whatever the result."""
    asked = Asked("fhir-77", "Practitioner/dr-1", encounter_id, orders_imaging=True)

    ServiceRequest.model_validate(order_for(asked, assessment=assessment, own_observation=own_observation))


def test_one_suggestion_is_not_marked_as_recommended():
    """`isRecommended` tells several suggestions apart, and clients may preselect what carries it."""
    suggestion = dxa_suggestion(reasons_of(an_assessment(), None), ASKED, some_rules(), CARD, NOW)

    assert "isRecommended" not in suggestion.model_dump(by_alias=True)


def test_the_finding_joins_the_reasons_of_a_drafted_dxa():
    """The whole resource comes back, as an update asks for, and nothing of it is lost or changed."""
    draft = {
        "resourceType": "ServiceRequest",
        "id": "draft-1",
        "status": "draft",
        "intent": "order",
        "code": {"coding": [{"system": "urn:oid:1.2.3", "code": "DXA"}]},
        "subject": {"reference": "Patient/fhir-77"},
        "doNotPerform": False,
        "reasonCode": [{"text": "Glucocorticoids"}],
    }

    assert mended(draft) == draft | {"reasonCode": [{"text": "Glucocorticoids"}, {"text": IN_WORDS}]}
    assert mended(draft, "Observation/bone-1") == draft | {"reasonReference": [{"reference": "Observation/bone-1"}]}
    ServiceRequest.model_validate(mended(draft))


def test_what_fhir_does_not_allow_is_not_sent_back():
    """Clients send empty codings, lists and nulls; a response carries none."""
    draft = {
        "resourceType": "ServiceRequest",
        "id": "draft-1",
        "status": "draft",
        "intent": "order",
        "code": {"coding": [{}], "text": "DXA"},
        "subject": {"reference": "Patient/fhir-77", "display": ""},
        "note": None,
        "reasonCode": [],
    }

    assert mended(draft) == {
        "resourceType": "ServiceRequest",
        "id": "draft-1",
        "status": "draft",
        "intent": "order",
        "code": {"text": "DXA"},
        "subject": {"reference": "Patient/fhir-77"},
        "reasonCode": [{"text": IN_WORDS}],
    }
