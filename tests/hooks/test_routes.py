import json
from datetime import UTC, datetime

import anyio
import pytest
from structlog.testing import capture_logs

from cds.errors import ArchiveUnavailable
from cds.hooks.prefetch_templates import prefetch_for
from cds.ports import CardFeedback, Trouble
from cds.screening import IdentityRefused, Known, NoPrior, Pending, Unavailable
from cds.security.client_authentication import OpenDoor
from tests.support.assessments import a_key, a_patient, a_refusal, a_result
from tests.support.fakes import BrokenAnswering, FakeChart, FakeMeasurement
from tests.support.hook_calls import (
    FHIR_ID,
    a_fhir_patient,
    a_patient_view,
    a_prefetch,
    a_service_request,
    an_encounter_start,
    an_identifier,
    an_order_dispatch,
    an_order_select,
    an_order_sign,
)
from tests.support.hook_site import Site, a_site, some_settings

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
PENDING = Pending(NOW)
ORDER_SIGN = "/cds-services/osteocds-order-sign"
JSON = {"content-type": "application/json"}


async def post(site, body: bytes, path=ORDER_SIGN, headers=None):
    """Send bytes as they are."""
    async with site.client() as client:
        return await client.post(path, content=body, headers=JSON if headers is None else headers)


def issue(response):
    """The one issue of an OperationOutcome."""
    assert response.headers["content-type"] == "application/fhir+json"
    outcome = response.json()
    assert outcome["resourceType"] == "OperationOutcome"
    (only,) = outcome["issue"]
    assert only["severity"] in {"error", "fatal"}
    assert only["code"]
    return only["diagnostics"]


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


@pytest.mark.parametrize(
    ("status", "call"),
    [
        (400, an_order_sign(patient=a_fhir_patient(id="somebody-else"))),
        (400, an_order_sign(a_service_request("Patient/somebody-else"))),
        (400, an_order_sign() | {"hook": "patient-view"}),
        (412, an_order_sign(prefetch={})),
        (412, an_order_sign(prefetch={}, fhirServer="https://elsewhere.example.org/fhir")),
        (412, an_order_sign(prefetch={"patient": a_fhir_patient()})),
        (400, an_order_sign(prefetch=a_prefetch(orders=a_service_request("Patient/somebody-else")))),
    ],
)
async def test_a_call_that_contradicts_itself_is_refused(status, call):
    """Wrong subject, wrong Patient, wrong hook: 400. No Patient to be had: 412 naming the key."""
    site = a_site(Known(a_result()))

    response = await site.order_sign(call)

    assert response.status_code == status
    assert issue(response)
    assert site.answering.orders == []


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


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'"text"',
        b"{}",
        b'{"hook": 1, "hookInstance": "x", "context": {"patientId": "p"}}',
        b'{"hook": "order-sign", "hookInstance": "x", "context": []}',
        b'{"hook": "order-sign", "hookInstance": "x", "context": {}}',
        b'{"hook": "order-sign", "context": {"patientId": "p"}}',
        b'{"hook": "order-sign", "hookInstance": "x", "context": {"patientId": "p", "draftOrders": []}}',
        b'{"prefetch":' + b'{"a":' * 5000 + b"1" + b"}" * 5001,
    ],
)
async def test_malformed_json_is_400(body):
    """What cannot be read is refused with an OperationOutcome, however it is malformed."""
    response = await post(a_site(PENDING), body)

    assert response.status_code == 400
    assert issue(response)


async def test_a_refusal_does_not_repeat_what_was_sent():
    """Values of a malformed call may be patient data: they come back nowhere."""
    call = an_order_sign() | {"hookInstance": {"Secretname": "Secretname"}, "context": {"patientId": ["Secretname"]}}

    response = await a_site(PENDING).order_sign(call)

    assert response.status_code == 400
    assert "hookInstance" in issue(response)
    assert "Secretname" not in response.text


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml", ""])
async def test_other_content_types_are_415(content_type):
    """Only JSON is read."""
    body = json.dumps(an_order_sign()).encode()

    response = await post(a_site(PENDING), body, headers={"content-type": content_type})

    assert response.status_code == 415
    assert issue(response)


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "application/fhir+json", "Application/JSON"]
)
async def test_every_way_to_say_json_is_read(content_type):
    """Parameters, FHIR's own type and capitals are fine."""
    body = json.dumps(an_order_sign()).encode()

    response = await post(a_site(PENDING), body, headers={"content-type": content_type})

    assert response.status_code == 200


async def test_compressed_bodies_are_415():
    """A body that could unfold to any size is not unfolded."""
    response = await post(a_site(PENDING), b"{}", headers=JSON | {"content-encoding": "gzip"})

    assert response.status_code == 415


async def test_a_body_over_the_limit_is_413():
    """Declared or not, a body that is too large is refused."""
    large = b'{"prefetch": "' + b"x" * 4096 + b'"}'

    async def in_chunks():
        for start in range(0, len(large), 65536):
            yield large[start : start + 65536]

    async with a_site(PENDING, max_body_bytes=4096).client() as client:
        declared = await client.post(ORDER_SIGN, content=large, headers=JSON)
        undeclared = await client.post(ORDER_SIGN, content=in_chunks(), headers=JSON)

    assert (declared.status_code, undeclared.status_code) == (413, 413)
    assert issue(declared)


async def test_an_unknown_service_is_404():
    """There is nothing behind another id."""
    response = await post(a_site(PENDING), b"{}", "/cds-services/another")

    assert response.status_code == 404
    assert issue(response)


async def test_another_method_is_405():
    """A service is called by POST; the answer says so."""
    async with a_site(PENDING).client() as client:
        response = await client.get(ORDER_SIGN)

    assert response.status_code == 405
    assert response.headers["allow"] == "POST"
    assert issue(response)


async def test_our_own_fault_is_500_with_an_id_and_nothing_else():
    """A bug never looks like "no guidance", and its message stays inside."""
    site = Site(BrokenAnswering(RuntimeError("could not read Secretname")), some_settings())

    response = await site.order_sign(an_order_sign())

    assert response.status_code == 500
    assert "id:" in issue(response)
    assert "Secretname" not in response.text


async def test_an_archive_that_is_away_is_503():
    """Trouble that passes says when to try again."""
    site = Site(BrokenAnswering(ArchiveUnavailable("timeout")), some_settings())

    response = await site.order_sign(an_order_sign())

    assert response.status_code == 503
    assert response.headers["retry-after"]
    assert issue(response)


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
