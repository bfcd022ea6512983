"""Mirrors cds/hooks/routes.py: what a hook call is answered."""

import json

import anyio
import pytest
from structlog.testing import capture_logs

from cds.hooks.prefetch_templates import prefetch_for
from cds.ports import CardFeedback, Trouble
from cds.screening import IdentityRefused, Known, NoPrior, Unavailable
from cds.security.client_authentication import OpenDoor
from tests.support.assessments import a_key, a_patient, a_result
from tests.support.fakes import FakeChart, FakeMeasurement
from tests.support.hook_calls import (
    FHIR_ID,
    a_fhir_patient,
    a_patient_view,
    a_service_request,
    an_identifier,
    an_order_sign,
)
from tests.support.hook_posts import NOW, ORDER_SIGN, PENDING, post
from tests.support.hook_site import Site, a_site, some_settings


async def test_order_sign_with_a_known_result_shows_the_card():
    """The whole way from an EHR's order to a card, with an audit row."""
    site = a_site(Known(a_result()))

    response = await site.order_sign(an_order_sign())

    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    (card,) = response.json()["cards"]
    assert card["summary"].startswith("Earlier CT (14 Sep 2025): L1-L2 bone density 70 mg/cm3")
    assert card["suggestions"][0]["actions"][0]["resource"]["subject"] == {"reference": f"Patient/{FHIR_ID}"}
    assert site.answering.orders[0].patient == a_patient()
    assert site.audit.rows == [("hook", a_key(), "known", "osteocds-order-sign: card")]


@pytest.mark.parametrize(
    ("answer", "audited"),
    [(NoPrior(("no-prior-ct",)), "noprior"), (IdentityRefused(), "identityrefused"), (PENDING, "pending")],
)
async def test_no_value_is_an_empty_list_of_cards(answer, audited):
    """Nothing usable, somebody else's images, not measured yet: `cards: []`, and the audit says which."""
    site = a_site(answer)

    response = await site.order_sign(an_order_sign())

    assert response.content == b'{"cards":[]}'
    assert site.audit.outcomes == [("hook", audited)]


async def test_trouble_is_a_card():
    """When the slow path is away, the clinician is told."""
    response = await a_site(Unavailable(Trouble("archive", NOW))).order_sign(an_order_sign())

    assert [card["indicator"] for card in response.json()["cards"]] == ["info"]


async def test_order_sign_waits_within_the_budget():
    """A first measurement that ends within the budget is answered in the same call."""
    response = await a_site(PENDING, PENDING, Known(a_result()), wait_budget_s=10).order_sign(an_order_sign())

    assert len(response.json()["cards"]) == 1


async def test_a_dxa_order_gets_a_card_that_supports_it():
    """The whole way from an EHR's order of DXA to a card that adds the finding to it, and suggests no other."""
    dxa = a_service_request(code={"coding": [{"system": "http://www.ama-assn.org/go/cpt", "code": "77080"}]})

    (card,) = (await a_site(Known(a_result())).order_sign(an_order_sign(dxa))).json()["cards"]

    assert "supports the DXA being ordered" in card["summary"]
    (action,) = card["suggestions"][0]["actions"]
    assert action["type"] == "update"
    assert action["resource"]["id"] == dxa["id"]


async def test_a_card_that_was_overridden_or_shown_does_not_come_back():
    """The second order of the same user is quiet; so is a later one after feedback, when a month has passed."""
    site = a_site(Known(a_result()))

    (card,) = (await site.order_sign(an_order_sign())).json()["cards"]
    again = await site.order_sign(an_order_sign())
    second = await site.order_sign(an_order_sign(hookInstance="another"))
    site.feedback.keep(
        "osteocds-order-sign", OpenDoor.client.issuer, [CardFeedback(card["uuid"], "overridden", site.clock.now())]
    )
    site.clock.move_on(days=31)
    third = await site.order_sign(an_order_sign(hookInstance="a third"))

    assert again.json()["cards"] == [card]
    assert second.json()["cards"] == third.json()["cards"] == []


@pytest.mark.parametrize(
    ("patient", "code"),
    [
        (a_fhir_patient(identifier=[an_identifier("A"), an_identifier("B")]), "identifier-ambiguous"),
        (a_fhir_patient(identifier=[an_identifier("*")]), "identifier-unsafe"),
        (a_fhir_patient(identifier=[an_identifier("")]), "identifier-unsafe"),
        (a_fhir_patient(identifier=[]), "identifier-missing"),
        (a_fhir_patient(active=False), "patient-inactive"),
    ],
)
async def test_an_uncertain_identity_is_never_asked_about(patient, code):
    """No value, no card, an audit row with the reason; the store is not even asked."""
    site = a_site(Known(a_result()))

    response = await site.order_sign(an_order_sign(patient=patient))

    assert response.json() == {"cards": []}
    assert site.answering.orders == []
    assert site.audit.rows == [("hook", None, "identity-refused", f"osteocds-order-sign: {code}")]


async def test_without_the_chart_a_site_may_be_content_with_the_patient():
    """With require_chart false the Patient alone makes the card; the log says what was not read."""
    site = a_site(Known(a_result()), require_chart=False)

    with capture_logs() as logged:
        response = await site.order_sign(an_order_sign(prefetch={"patient": a_fhir_patient()}))

    assert len(response.json()["cards"]) == 1
    (entry,) = [each for each in logged if each["event"] == "hook answered"]
    assert set(entry["unread"]) == set(prefetch_for("order-sign")) - {"patient"}


async def test_a_hook_that_shows_no_card_needs_the_patient_alone():
    """The early hooks start the measurement whatever else of the chart is missing."""
    site = a_site(PENDING)

    body = json.dumps(a_patient_view(prefetch={"patient": a_fhir_patient()})).encode()
    response = await post(site, body, "/cds-services/osteocds-patient-view")

    assert response.status_code == 200
    assert len(site.answering.orders) == 1
    assert site.chart.reads == []


async def test_a_missing_chart_is_read_from_fhir_server():
    """Without prefetch Patient and chart come from fhirServer, and the card is the same."""
    site = a_site(Known(a_result()))
    site.chart = FakeChart({FHIR_ID: a_fhir_patient()})

    response = await site.order_sign(an_order_sign(prefetch=None, fhirServer="https://ehr.example.org/fhir"))

    assert len(response.json()["cards"]) == 1


async def test_fifty_waiting_hooks_do_not_hold_up_health():
    """While 50 hooks are open and 16 of them wait, /healthz and /readyz answer before any waiting hook does."""
    site = Site(FakeMeasurement(PENDING), some_settings(wait_budget_s=60))
    ended: list[str] = []
    only_waiting_left = anyio.Event()

    async with site.client() as client:

        async def one_hook():
            await client.post(ORDER_SIGN, json=an_order_sign())
            ended.append("hook")
            if len(ended) == 50 - 16:
                only_waiting_left.set()

        async with anyio.create_task_group() as hooks:
            for _ in range(50):
                hooks.start_soon(one_hook)
            with anyio.fail_after(20):
                await only_waiting_left.wait()
            for path in ("/healthz", "/readyz"):
                assert (await client.get(path)).status_code == 200
                ended.append(path)
            site.answering.ended = Known(a_result())

    assert ended[:34] == ["hook"] * 34
    assert ended[34:36] == ["/healthz", "/readyz"]
    assert ended[36:] == ["hook"] * 16
