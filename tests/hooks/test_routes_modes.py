"""Mirrors cds/hooks/routes.py: what is measured and what is shown, by mode, hook and order."""

import json

import anyio
import pytest

from cds.screening import Known
from tests.support.assessments import a_refusal, a_result
from tests.support.fakes import FakeMeasurement
from tests.support.hook_calls import (
    FHIR_ID,
    a_patient_view,
    a_service_request,
    an_encounter_start,
    an_order_dispatch,
    an_order_select,
    an_order_sign,
)
from tests.support.hook_posts import ORDER_SIGN, PENDING, post
from tests.support.hook_site import Site, a_site, some_settings


@pytest.mark.parametrize(
    ("service", "call"),
    [
        ("osteocds-order-select", an_order_select()),
        ("osteocds-patient-view", a_patient_view()),
        ("osteocds-encounter-start", an_encounter_start()),
    ],
)
async def test_early_hooks_start_the_measurement_and_show_nothing(service, call):
    """They ask once, never wait, and are silent unless the site wants cards early."""
    quiet, eager = a_site(Known(a_result())), a_site(Known(a_result()), show_cards_early=True)
    slow = Site(FakeMeasurement(PENDING), some_settings(wait_budget_s=30))

    for site, cards in ((quiet, 0), (eager, 1), (slow, 0)):
        with anyio.fail_after(10):
            response = await post(site, json.dumps(call).encode(), f"/cds-services/{service}")
        assert len(response.json()["cards"]) == cards

    assert [order.hook for order in quiet.answering.orders] == [call["hook"]]
    assert slow.answering.asked == 1


async def test_a_silent_hook_does_not_use_up_a_card_shown_once():
    """The reason that is shown once is still there for order-sign after an early hook."""
    site = a_site(Known(a_result(assessment=a_refusal())))

    async with site.client() as client:
        await client.post("/cds-services/osteocds-patient-view", json=a_patient_view())
        first = await client.post(ORDER_SIGN, json=an_order_sign())
        second = await client.post(ORDER_SIGN, json=an_order_sign(hookInstance="another"))

    assert (len(first.json()["cards"]), len(second.json()["cards"])) == (1, 0)


async def test_shadow_measures_and_shows_nothing():
    """In shadow mode the fast path is asked, so that work is queued, and no card appears; nobody waits."""
    site = Site(FakeMeasurement(PENDING), some_settings(mode="shadow", wait_budget_s=30))
    known = a_site(Known(a_result()), mode="shadow")

    with anyio.fail_after(10):
        assert (await site.order_sign(an_order_sign())).json() == {"cards": []}
    assert (await known.order_sign(an_order_sign())).json() == {"cards": []}

    assert site.answering.asked == 1


async def test_off_measures_nothing():
    """In mode off every well-formed call is answered empty."""
    site = a_site(Known(a_result()), mode="off")

    assert (await site.order_sign(an_order_sign())).json() == {"cards": []}
    assert site.answering.orders == []


async def test_a_call_without_orders_measures_nothing():
    """An order-sign without any draft order is answered empty."""
    site = a_site(Known(a_result()))
    call = an_order_sign()
    call["context"]["draftOrders"]["entry"] = []

    assert (await site.order_sign(call)).json() == {"cards": []}
    assert site.answering.orders == []


@pytest.mark.parametrize(
    "order",
    [
        {"resourceType": "MedicationRequest", "subject": {"reference": f"Patient/{FHIR_ID}"}},
        {"resourceType": "NutritionOrder", "patient": {"reference": f"Patient/{FHIR_ID}"}},
        a_service_request(category=[{"text": "Laboratory"}], code={"text": "Lipid panel"}),
        a_service_request(code={"coding": [{"system": "http://loinc.org", "code": "24629-8"}], "text": "Chest MRI"}),
        a_service_request(code={"coding": [{"system": "http://www.ama-assn.org/go/cpt", "code": "73610"}]}),
    ],
)
@pytest.mark.parametrize(
    ("service", "call"), [("osteocds-order-sign", an_order_sign), ("osteocds-order-select", an_order_select)]
)
async def test_orders_that_do_not_matter_measure_nothing(service, call, order):
    """Medication, diet, laboratory, chest MRI, X-ray of the ankle: empty at once, a row without a patient."""
    site = a_site(Known(a_result()), show_cards_early=True)
    bare = call(order, prefetch=None, fhirServer="https://ehr.example.org/fhir")

    response = await post(site, json.dumps(bare).encode(), f"/cds-services/{service}")

    assert response.content == b'{"cards":[]}'
    assert site.answering.orders == []
    assert site.audit.rows == [("hook", None, "irrelevant", service)]


@pytest.mark.parametrize("brings_it", [{}, {"context": {"order": "ServiceRequest/draft-1"}}])
async def test_order_dispatch_shows_the_card(brings_it):
    """A CT that is being arranged is the occasion too; the context knows no user, and may be of either version."""
    response = await post(
        a_site(Known(a_result())),
        json.dumps(an_order_dispatch(**brings_it)).encode(),
        "/cds-services/osteocds-order-dispatch",
    )

    (card,) = response.json()["cards"]
    assert "requester" not in card["suggestions"][0]["actions"][0]["resource"]


async def test_order_dispatch_waits_within_the_budget():
    """A first measurement that ends within the budget is answered in the same call."""
    site = a_site(PENDING, PENDING, Known(a_result()), wait_budget_s=10)

    response = await post(site, json.dumps(an_order_dispatch()).encode(), "/cds-services/osteocds-order-dispatch")

    assert len(response.json()["cards"]) == 1


async def test_a_site_may_say_that_unnamed_orders_do_not_count():
    """`code.coding: [{}]` is answered by the setting."""
    site = a_site(Known(a_result()), unnamed_orders_count=False)

    assert (await site.order_sign(an_order_sign())).json() == {"cards": []}
    assert site.answering.orders == []
