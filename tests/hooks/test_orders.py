from dataclasses import replace

import pytest

from cds.cli.demo_order import order_sign_request
from cds.client import LONGEST_ISSUER, Client
from cds.hooks.discovery import SERVICES
from cds.hooks.messages import HookCall
from cds.hooks.orders import Asked, asked_of
from cds.hooks.problems import Problem
from cds.storage.tables import shown_cards
from tests.support.hook_calls import (
    FHIR_ID,
    USER,
    a_patient_view,
    a_service_request,
    an_encounter_start,
    an_order_select,
    an_order_sign,
)

DXA = a_service_request(code={"coding": [{"system": "http://loinc.org", "code": "83012-5"}]}, id="dxa")
LAB = a_service_request(code={"text": "Lipid panel"}, id="lab")


def asked(call: dict) -> Asked:
    """What a call asks about."""
    return asked_of(HookCall.model_validate(call), SERVICES[f"osteocds-{call['hook']}"])


def facts_of(call: dict, **facts) -> Asked:
    """What every call of these builders says."""
    told = {"service": f"osteocds-{call['hook']}", "hook_instance": call["hookInstance"]}
    return Asked(FHIR_ID, USER, "enc-9", **(told | facts))


@pytest.mark.parametrize("call", [an_order_sign(), an_order_select()])
def test_an_order_names_patient_user_and_encounter(call):
    """The context becomes plain ids."""
    found = asked(call)

    assert (found.patient_id, found.user, found.encounter_id) == (FHIR_ID, USER, "enc-9")
    assert (found.service, found.hook_instance) == (f"osteocds-{call['hook']}", call["hookInstance"])
    assert found.orders_imaging


@pytest.mark.parametrize("call", [a_patient_view(), an_encounter_start()])
def test_a_chart_or_a_visit_carries_no_orders(call):
    """Opening a chart or beginning a visit asks about the patient alone."""
    found = asked(call)

    assert found == Asked(
        FHIR_ID, USER, "enc-9", orders_imaging=False, service=found.service, hook_instance=call["hookInstance"]
    )


def test_the_one_drafted_dxa_is_kept_as_it_was_sent():
    """It may be given back with a reason; not where there are two, or where it has no id to be found by."""
    dxa = a_service_request(code={"text": "DXA"}, id="dxa-1")

    assert asked(an_order_sign(a_service_request(), dxa)).dxa_draft == dxa
    assert asked(an_order_sign(dxa, dxa | {"id": "dxa-2"})).dxa_draft is None
    assert asked(an_order_sign(dxa | {"id": None})).dxa_draft is None
    assert asked(an_order_sign()).dxa_draft is None


def test_users_of_two_clients_are_two_people():
    """Somebody without a name is nobody, whichever client calls."""
    one = asked(an_order_sign())

    assert one.told_to == USER
    assert replace(one, client="https://ehr.example.org").told_to == f"https://ehr.example.org {USER}"
    assert replace(one, user=None, client="https://ehr.example.org").told_to is None


@pytest.mark.parametrize(
    ("sent", "user"),
    [
        ("Practitioner/7", "Practitioner/7"),
        ("https://ehr.example.org/fhir/PractitionerRole/7", "PractitionerRole/7"),
        ("Practitioner/7/_history/2", "Practitioner/7"),
        (f"{'P' * 33}/7", None),
        (f"Practitioner/{'7' * 65}", None),
        ("Dr. House", None),
        ("", None),
        (None, None),
    ],
)
def test_a_user_is_named_by_a_short_reference(sent, user):
    """It is kept with the client's issuer in one column: whatever is longer names nobody."""
    call = an_order_sign()
    call["context"] |= {"userId": sent}

    assert asked(call).user == user


def test_client_and_user_fit_where_they_are_kept():
    """The longest issuer with the longest reference."""
    longest = replace(asked(an_order_sign()), user=f"{'P' * 32}/{'7' * 64}", client="i" * LONGEST_ISSUER)

    assert len(longest.told_to) <= shown_cards.c.shown_to.type.length
    with pytest.raises(ValueError, match="issuer"):
        Client("i" * (LONGEST_ISSUER + 1))


def test_the_orders_of_the_call_are_known_by_their_ids():
    """Of ServiceRequests alone: other types have ids of their own."""
    other = {"resourceType": "MedicationRequest", "id": "m1", "subject": {"reference": f"Patient/{FHIR_ID}"}}

    assert asked(an_order_sign(a_service_request(), a_service_request(id=7), other)).order_ids == {"draft-1"}


@pytest.mark.parametrize(
    "subject",
    [f"Patient/{FHIR_ID}", f"https://ehr.example.org/fhir/Patient/{FHIR_ID}", f"Patient/{FHIR_ID}/_history/3"],
)
def test_subjects_may_be_relative_absolute_or_versioned(subject):
    """However the reference is written, the id must be the patient's."""
    assert asked(an_order_sign(a_service_request(subject))).orders_imaging


@pytest.mark.parametrize(
    "order",
    [
        a_service_request("Patient/somebody-else"),
        a_service_request(f"Group/{FHIR_ID}"),
        a_service_request(f"Patient/x{FHIR_ID}"),
        a_service_request(f"Patient/{FHIR_ID}?x=1"),
        a_service_request(f"{FHIR_ID}"),
        a_service_request("urn:uuid:9a6d1b0c-3f2e-4c51-8d5e-1f1b2c3d4e5f"),
        a_service_request(subject=None),
        a_service_request() | {"subject": {}},
        a_service_request() | {"subject": f"Patient/{FHIR_ID}"},
        a_service_request() | {"subject": {"identifier": {"value": "PAT-0001"}}},
        {"resourceType": "MedicationRequest", "subject": {"reference": "Patient/somebody-else"}},
        {"resourceType": "NutritionOrder", "patient": {"reference": "Patient/somebody-else"}},
    ],
)
def test_an_order_for_somebody_else_is_400(order):
    """Every draft order is checked, not only the first, and imaging orders must name their patient."""
    with pytest.raises(Problem, match="Draft order 1 ") as problem:
        asked(an_order_sign(a_service_request(), order))

    assert problem.value.status == 400


def test_an_order_without_a_field_for_the_patient_passes():
    """Some request resources do not say whom they are for; that holds nobody up."""
    assert asked(an_order_sign({"resourceType": "SupplyRequest"}, a_service_request())).orders_imaging


def test_one_imaging_order_among_others_is_enough():
    """Medication beside imaging changes nothing; medication alone is no imaging order."""
    medication = {"resourceType": "MedicationRequest", "subject": {"reference": f"Patient/{FHIR_ID}"}}

    assert asked(an_order_sign(medication, a_service_request())).orders_imaging
    assert not asked(an_order_sign(medication)).orders_imaging


@pytest.mark.parametrize(("selection", "matters"), [("ServiceRequest/draft-1", True), ("ServiceRequest/lab", False)])
def test_in_order_select_the_selected_order_decides(selection, matters):
    """A CT that lies among the drafts while a laboratory order is being chosen is not what the call is about."""
    call = an_order_select(LAB, a_service_request(), DXA)

    found = asked(call | {"context": call["context"] | {"selections": [selection]}})

    assert found.orders_imaging == matters
    assert found.orders_dxa


def test_an_order_for_somebody_else_is_400_even_where_it_is_not_selected():
    """The whole pad is checked."""
    with pytest.raises(Problem, match="Draft order 1 "):
        asked(an_order_select(a_service_request(), a_service_request("Patient/another", id="other")))


def test_the_order_of_the_demo_matters():
    """A chest CT by its LOINC code, without any category."""
    assert asked(order_sign_request()).orders_imaging


def test_a_dxa_among_the_orders_is_noticed():
    """DXA matters, and is known to be DXA."""
    both = asked(an_order_sign(a_service_request(), DXA))

    assert (both.orders_imaging, both.orders_dxa, both.dxa_draft) == (True, True, DXA)
    assert not asked(an_order_sign()).orders_dxa


@pytest.mark.parametrize("orders", [(DXA, DXA), (DXA | {"id": ""},), (DXA | {"id": 7},), (LAB,)])
def test_a_draft_dxa_is_pointed_to_only_where_it_is_one(orders):
    """Two, or one without an id, cannot be told apart in a suggestion."""
    assert asked(an_order_sign(*orders)).dxa_draft is None


@pytest.mark.parametrize(
    ("context", "said"),
    [
        ({"patientId": "a/b"}, "patientId"),
        ({"patientId": ""}, "patientId"),
        ({"patientId": ".."}, "patientId"),
        ({"patientId": "Practitioner/1"}, "patientId"),
        ({"draftOrders": None}, "draftOrders"),
    ],
)
def test_a_context_that_does_not_hold_together_is_400(context, said):
    """The required fields of the context must be there and be usable."""
    call = an_order_sign()

    with pytest.raises(Problem, match=said) as problem:
        asked(call | {"context": call["context"] | context})

    assert problem.value.status == 400


def test_the_patient_id_may_come_as_a_reference():
    """Some clients send "Patient/123" where an id is expected."""
    call = an_order_sign()

    assert asked(call | {"context": call["context"] | {"patientId": f"Patient/{FHIR_ID}"}}).patient_id == FHIR_ID


@pytest.mark.parametrize("entry", [[], None, [None], [{}], [{"resource": None}]])
def test_a_bundle_may_be_empty(entry):
    """No draft order at all is no mistake; there is nothing to answer."""
    call = an_order_sign()

    assert not asked(call | {"context": call["context"] | {"draftOrders": {"entry": entry}}}).orders_imaging


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("https://ehr.example.org/fhir/PractitionerRole/7", "PractitionerRole/7"),
        ("dr-1", None),
        ("Practitioner/", None),
        ("Practitioner/a b", None),
        (None, None),
    ],
)
def test_a_user_is_kept_only_as_a_plain_reference(sent, read):
    """Nothing else of what clients send as userId reaches a card."""
    call = an_order_sign()

    assert asked(call | {"context": call["context"] | {"userId": sent}}).user == read
