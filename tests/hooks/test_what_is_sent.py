"""What leaves the service, held against CDS Hooks 2.0 element by element: every kind of card, over HTTP."""

import re
import time
import uuid
from datetime import UTC, datetime
from urllib.parse import urlsplit

import anyio
import pytest
from fhir.resources.R4B.servicerequest import ServiceRequest

from cds.hooks.discovery import SERVICES
from cds.ports import Trouble
from cds.screening import Known, NoPrior, Pending, Unavailable
from cds.settings import Settings
from tests.support.assessments import a_contrast_assessment, a_height_loss, a_refusal, a_result, an_assessment
from tests.support.fakes import FakeMeasurement
from tests.support.hook_calls import (
    a_patient_view,
    a_service_request,
    an_encounter_start,
    an_order_dispatch,
    an_order_select,
    an_order_sign,
)
from tests.support.hook_site import Site, a_site, some_settings

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
LOW = an_assessment(category="low", vbmd_mg_cm3=101.0, ci95_mg_cm3=(92.0, 110.0))
NORMAL = an_assessment(category="normal", vbmd_mg_cm3=152.0, ci95_mg_cm3=(140.0, 164.0))
ANSWERS = {
    "osteoporosis range": Known(a_result()),
    "low": Known(a_result(assessment=LOW)),
    "normal": Known(a_result(assessment=NORMAL)),
    "contrast": Known(a_result(assessment=a_contrast_assessment(category="indeterminate"))),
    "possible fracture": Known(a_result(assessment=an_assessment(height_losses=(a_height_loss(),)))),
    "not assessable": Known(a_result(assessment=a_refusal())),
    "older model": Known(a_result(), stale=True),
    "being measured": Pending(NOW),
    "archive away": Unavailable(Trouble("archive", NOW)),
    "no prior CT": NoPrior(("no-prior-ct",)),
}
DXA = a_service_request(code={"text": "DXA"}, id="dxa-1")
CALLS = {
    "order-sign": an_order_sign(),
    "order-sign with DXA": an_order_sign(DXA),
    "order-select": an_order_select(),
    "order-dispatch": an_order_dispatch(),
    "patient-view": a_patient_view(),
    "encounter-start": an_encounter_start(),
}


async def every_response():
    """Every answer to every call, as sent, with all that a site can switch on."""
    found = []
    for answer in ANSWERS.values():
        site = a_site(answer, show_normal=True, show_being_measured=True, show_cards_early=True, wait_budget_s=0)
        async with site.client() as client:
            for call in CALLS.values():
                site.shown.shown.clear()
                found.append(await client.post(f"/cds-services/osteocds-{call['hook']}", json=call))
    return found


@pytest.fixture(scope="module")
def responses():
    """All of them."""
    return anyio.run(every_response)


@pytest.fixture(scope="module")
def cards(responses):
    """Every card of them."""
    found = [card for response in responses for card in response.json()["cards"]]
    assert len(found) > 30
    return found


@pytest.fixture(scope="module")
def suggestions(cards):
    """Every suggestion of every card."""
    return all_of("suggestions", cards)


@pytest.fixture(scope="module")
def actions(suggestions):
    """Every action of every suggestion."""
    return [action for suggestion in suggestions for action in suggestion["actions"]]


def all_of(element, cards):
    """Every suggestion, link or override reason of every card; there are some."""
    found = [each for card in cards for each in card.get(element, [])]
    assert found
    return found


def is_text(value):
    """A string with something in it."""
    return isinstance(value, str) and bool(value.strip())


def is_absolute(url):
    """A URL with scheme and host."""
    parts = urlsplit(url)
    return parts.scheme in {"http", "https"} and bool(parts.hostname)


def test_every_answer_is_json_with_cards_and_nothing_else(responses):
    """200, application/json, an object with an array of cards; no system action is ever taken."""
    for response in responses:
        assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
        assert set(response.json()) == {"cards"}
        assert isinstance(response.json()["cards"], list)


async def test_no_guidance_is_an_empty_array_with_200():
    """Nothing to say is said so."""
    response = await a_site(ANSWERS["no prior CT"]).order_sign(an_order_sign())

    assert (response.status_code, response.content) == (200, b'{"cards":[]}')


def test_nothing_that_is_sent_is_null_or_empty(cards):
    """At any depth, but for the array of cards itself."""

    def filled(value):
        if isinstance(value, dict | list):
            return bool(value) and all(map(filled, value.values() if isinstance(value, dict) else value))
        return value is not None and value != ""

    assert all(map(filled, cards))


async def test_every_announced_service_answers_at_its_url():
    """`{base}/cds-services/{id}` with the id that discovery gives, and ids are unique."""
    site = a_site(ANSWERS["osteoporosis range"])
    async with site.client() as client:
        services = (await client.get("/cds-services")).json()["services"]
        for service in services:
            call = next(call for call in CALLS.values() if call["hook"] == service["hook"])
            assert (await client.post(f"/cds-services/{service['id']}", json=call)).status_code == 200

    assert len({service["id"] for service in services}) == len(services) == len(SERVICES)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_a_first_call_is_answered_in_about_half_a_second(call):
    """While a measurement goes on, with the budget as shipped: 500 ms and what the machine adds."""
    shipped = Settings.model_fields["wait_budget_s"].default
    site = Site(FakeMeasurement(Pending(NOW)), some_settings(wait_budget_s=shipped))
    async with site.client() as client:
        begun = time.monotonic()
        await client.post(f"/cds-services/osteocds-{call['hook']}", json=call)
        took_s = time.monotonic() - begun

    assert shipped <= 0.5
    assert took_s < 5  # on a busy machine


def test_a_card_says_what_it_must(cards):
    """uuid, a summary under 140 characters, an indicator of three, a source: each of its type."""
    for card in cards:
        assert uuid.UUID(card["uuid"])
        assert is_text(card["summary"])
        assert len(card["summary"]) < 140
        assert card["indicator"] in {"info", "warning", "critical"}
        assert isinstance(card["source"], dict)


def test_cards_that_tell_different_things_have_different_ids(cards):
    """A uuid never stands for two findings: the value, that it is being measured, that the archive is away."""
    kinds = {card["uuid"]: set() for card in cards}
    for card in cards:
        kinds[card["uuid"]].add(re.sub(r" \(.*|:.*", "", card["summary"]))

    assert all(len(kind) == 1 for kind in kinds.values())
    assert len(kinds) >= 3


def test_the_detail_is_github_flavoured_markdown_without_html(cards):
    """Text, with a table in its syntax; clients may render raw HTML, so there is none."""
    details = [card["detail"] for card in cards if "detail" in card]

    assert any(re.search(r"^\|.+\|\n\|(?: ?:?-+:? ?\|)+\n\|", detail, re.MULTILINE) for detail in details)
    assert not [detail for detail in details if re.search(r"<[a-zA-Z/!]", detail)]


def test_a_source_has_a_label_and_nothing_else(cards):
    """Who says so; url, icon and topic are not sent, and the way to this result is a link."""
    for card in cards:
        assert set(card["source"]) == {"label"}
        assert is_text(card["source"]["label"])


async def test_the_way_to_this_result_is_a_link():
    """Every card about a result has one to its own page."""
    (card,) = (await a_site(ANSWERS["osteoporosis range"]).order_sign(an_order_sign())).json()["cards"]

    assert any("/reports/" in link["url"] for link in card["links"])


def test_a_link_has_label_url_and_type(cards):
    """An absolute URL; "absolute" or "smart"; appContext only for smart."""
    for link in all_of("links", cards):
        assert is_text(link["label"])
        assert is_absolute(link["url"])
        assert link["type"] in {"absolute", "smart"}
        assert link["type"] == "smart" or "appContext" not in link
        assert is_text(link.get("appContext", "-"))


def test_suggestions_come_with_how_to_select_them(cards):
    """An array of objects, with selectionBehavior beside it, and never that alone."""
    for card in cards:
        assert ("suggestions" in card) == ("selectionBehavior" in card)
        assert card.get("selectionBehavior", "any") in {"at-most-one", "any"}
        assert all(isinstance(each, dict) for each in card.get("suggestions", []))


def test_a_suggestion_has_label_uuid_and_actions(suggestions):
    """Text, an id of its own, an array of actions; isRecommended, where it is sent, is a boolean."""
    for suggestion in suggestions:
        assert is_text(suggestion["label"])
        assert is_text(suggestion["uuid"])
        assert isinstance(suggestion.get("isRecommended", True), bool)
        assert isinstance(suggestion["actions"], list)


def test_the_actions_of_a_suggestion_belong_together(suggestions):
    """Accepting a suggestion does all of it: each has one action, so there is no part to leave out."""
    assert {len(suggestion["actions"]) for suggestion in suggestions} == {1}


def test_an_action_has_type_description_and_resource(actions):
    """create, update or delete, in lower case; text; a FHIR resource as an object."""
    for action in actions:
        assert action["type"] in {"create", "update", "delete"}
        assert is_text(action["description"])
        assert is_text(action["resource"]["resourceType"])


def test_what_is_created_is_a_new_valid_resource(actions):
    """A draft ServiceRequest of FHIR R4 without an id."""
    created = [action["resource"] for action in actions if action["type"] == "create"]

    assert created
    for resource in created:
        assert "id" not in resource
        ServiceRequest.model_validate(resource)


async def test_what_is_updated_is_the_whole_resource():
    """All that the client sent of the draft is still there, its id too."""
    site = a_site(ANSWERS["osteoporosis range"])
    draft = DXA | {"note": [{"text": "fasting"}], "reasonCode": [{"text": "fall"}]}
    (card,) = (await site.order_sign(an_order_sign(draft))).json()["cards"]

    for suggestion in card.get("suggestions", []):
        for action in suggestion["actions"]:
            assert (action["type"], action["resource"]["id"]) == ("update", "dxa-1")
            assert action["resource"].items() >= (draft | {"reasonCode": action["resource"]["reasonCode"]}).items()
            assert {"text": "fall"} in action["resource"]["reasonCode"]


def test_an_override_reason_is_a_coding_with_words(cards):
    """code, system and display, each text."""
    for reason in all_of("overrideReasons", cards):
        assert all(map(is_text, (reason["code"], reason["system"], reason["display"])))
