import json

import pytest
from pydantic import ValidationError

from cds.hooks.messages import (
    Action,
    Card,
    Coding,
    HookCall,
    HookResponse,
    Link,
    ServiceDescription,
    Source,
    Suggestion,
    as_json,
)
from tests.support.hook_calls import an_order_select, an_order_sign

NEW = {"resourceType": "ServiceRequest", "status": "draft"}
THERE = NEW | {"id": "draft-1"}
SOURCE = Source(label="osteocds")
SUGGESTION = Suggestion(label="Order", uuid="u", actions=(Action(type="create", description="Adds", resource=NEW),))


def a_card(**fields):
    """A card; each test varies one thing."""
    return Card(**({"uuid": "u", "summary": "Something", "indicator": "info", "source": SOURCE} | fields))


def test_a_summary_is_shorter_than_140_characters():
    """139 pass, 140 do not."""
    a_card(summary="x" * 139)

    with pytest.raises(ValidationError):
        a_card(summary="x" * 140)


@pytest.mark.parametrize("indicator", ["info", "warning", "critical"])
def test_there_are_three_indicators(indicator):
    """And no other."""
    a_card(indicator=indicator)

    with pytest.raises(ValidationError):
        a_card(indicator=indicator.upper())


def test_suggestions_and_selection_behaviour_come_together():
    """Neither without the other."""
    for behaviour in ("at-most-one", "any"):
        a_card(suggestions=(SUGGESTION,), selection_behavior=behaviour)

    for lonely in ({"suggestions": (SUGGESTION,)}, {"selection_behavior": "any"}):
        with pytest.raises(ValidationError, match="come together"):
            a_card(**lonely)
    with pytest.raises(ValidationError):
        a_card(suggestions=(SUGGESTION,), selection_behavior="all")


@pytest.mark.parametrize(
    ("kind", "resource"),
    [("create", THERE), ("update", NEW), ("create", {"status": "draft"}), ("update", {"id": "1"}), ("create", {})],
)
def test_a_resource_fits_what_is_done_with_it(kind, resource):
    """Created is what is new; updated is a whole resource that is there."""
    Action(type="create", description="Adds", resource=NEW)
    Action(type="update", description="Changes", resource=THERE)

    with pytest.raises(ValidationError):
        Action(type=kind, description="Does", resource=resource)


def test_nothing_is_suggested_to_be_deleted():
    """There is no such action to send."""
    with pytest.raises(ValidationError):
        Action(type="delete", description="Removes", resource=THERE)


def test_app_context_goes_with_smart_links_alone():
    """Never with an absolute one, and there is no third type."""
    url = "https://app.example.org/launch"

    assert Link(label="App", url=url, type="smart", app_context="result").app_context == "result"
    for wrong in ({"app_context": "result"}, {"type": "relative"}):
        with pytest.raises(ValidationError):
            Link(label="Page", url=url, **wrong)


@pytest.mark.parametrize("missing", ["code", "system", "display"])
def test_a_coding_is_complete(missing):
    """Code, system and something that a person can read."""
    parts = {"code": "later", "system": "http://osteocds.org", "display": "Later"}
    Coding(**parts)

    for broken in ({key: value for key, value in parts.items() if key != missing}, parts | {missing: ""}):
        with pytest.raises(ValidationError):
            Coding(**broken)


@pytest.mark.parametrize("empty", [{"detail": ""}, {"suggestions": ()}, {"links": ()}, {"override_reasons": ()}])
def test_what_is_empty_is_not_sent(empty):
    """An empty optional element is refused, not written."""
    with pytest.raises(ValidationError):
        a_card(**empty)


def test_absent_elements_are_left_out():
    """No null on the wire; `cards: []` is the one empty element."""
    assert as_json(HookResponse()) == b'{"cards":[]}'
    assert json.loads(as_json(HookResponse(cards=(a_card(),))))["cards"] == [
        {"uuid": "u", "summary": "Something", "indicator": "info", "source": {"label": "osteocds"}}
    ]


@pytest.mark.parametrize("model", [Card, Source, Coding, Link, Suggestion, Action, HookResponse, ServiceDescription])
def test_nothing_unknown_is_sent(model):
    """No extension, no systemActions, no element that the standard does not name."""
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        model.model_validate({"extension": {"org.example": {}}, "systemActions": []})


def test_a_call_is_read_leniently():
    """Extensions at any depth, unknown keys, null entries, no Bundle type, numbers for a token's lifetime as text."""
    call = an_order_sign(
        fhirServer=None,
        extension={"org.example.a": None},
        fhirAuthorization={"access_token": None, "expires_in": "300", "extension": {}},
    )
    call["context"] |= {"extension": {"org.example.b": [1]}, "selections": None, "somethingNew": [None]}
    call["context"]["draftOrders"]["entry"].append(None)

    read = HookCall.model_validate_json(json.dumps(call))

    assert len(read.context.draft_orders.resources) == 1
    assert (read.token, read.fhir_server) == (None, None)


def test_a_token_is_not_shown():
    """Not in what is printed of a call, nor in what is written of it."""
    read = HookCall.model_validate(an_order_select(fhirAuthorization={"access_token": "t0ken"}))

    assert read.token == "t0ken"
    assert "t0ken" not in f"{read} {read!r} {read.model_dump_json()}"
