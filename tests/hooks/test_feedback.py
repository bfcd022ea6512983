"""Mirrors cds/hooks/feedback.py, over HTTP."""

import json
import uuid
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from structlog.testing import capture_logs

from cds.hooks.feedback import LONGEST_COMMENT, MOST_ITEMS, FeedbackBatch
from cds.ports import CardFeedback
from cds.screening import Known
from tests.support.assessments import a_result
from tests.support.hook_calls import an_order_sign
from tests.support.hook_site import a_site

SIGN = "osteocds-order-sign"
CARD = "4e0a3a1e-3065-4522-8136-d1b1d3d5ab5b"
AT = "2026-03-02T09:31:00Z"
SECRET = "Secretname, born 3 Apr 1951, does not want it"


def an_item(**fields):
    """A card that was overridden, as a client reports it."""
    return {"card": CARD, "outcome": "overridden", "outcomeTimestamp": AT} | fields


ACCEPTED = an_item(outcome="accepted", acceptedSuggestions=[{"id": "s-1"}])


async def send(site, *items, service=SIGN, body=None):
    """Post a batch."""
    async with site.client() as client:
        content = json.dumps({"feedback": items}).encode() if body is None else body
        headers = {"content-type": "application/json"}
        return await client.post(f"/cds-services/{service}/feedback", content=content, headers=headers)


def kept(site):
    """What the log has."""
    return [item for _, _, item in site.feedback.kept.values()]


def said(response):
    """The text of an OperationOutcome."""
    assert response.status_code == 400
    assert response.headers["content-type"] == "application/fhir+json"
    (issue,) = response.json()["issue"]
    return issue["diagnostics"]


async def test_a_batch_is_kept_and_answered_with_nothing():
    """Accepted and overridden, with reason and comment; 200, and an empty object for clients that parse it."""
    site = a_site(None)
    reason = {"reason": {"code": "later", "system": "http://x", "display": "Later"}, "userComment": "Not today."}

    response = await send(site, ACCEPTED, an_item(overrideReason=reason))

    assert (response.status_code, response.content) == (200, b"{}")
    at = datetime(2026, 3, 2, 9, 31, tzinfo=UTC)
    assert kept(site) == [
        CardFeedback(CARD, "accepted", at, accepted=("s-1",)),
        CardFeedback(CARD, "overridden", at, reason_code="later", reason_system="http://x", comment="Not today."),
    ]
    assert [service for service, *_ in site.feedback.kept.values()] == [SIGN, SIGN]
    assert site.audit.rows == [("feedback", None, "kept", f"{SIGN}: 2 items")]


async def test_feedback_on_a_card_that_was_shown():
    """The uuid that a card carries is one that feedback may name."""
    site = a_site(Known(a_result()))
    (card,) = (await site.order_sign(an_order_sign())).json()["cards"]
    (suggestion,) = card["suggestions"]

    response = await send(
        site, an_item(card=card["uuid"], outcome="accepted", acceptedSuggestions=[{"id": suggestion["uuid"]}])
    )

    assert response.status_code == 200
    assert [(item.card_id, item.accepted) for item in kept(site)] == [(card["uuid"], (suggestion["uuid"],))]


async def test_the_same_again_is_fine_and_changes_nothing():
    """Clients repeat themselves, in a batch and in the next."""
    site = a_site(None)

    answers = [(await send(site, an_item(), an_item())).status_code for _ in range(2)]

    assert answers == [200, 200]
    assert len(kept(site)) == 1


@pytest.mark.parametrize(
    "item",
    [
        an_item(extension={"org.example.x": 1}, acceptedSuggestions=None, overrideReason=None),
        an_item(overrideReason={"reason": None, "userComment": None}),
        an_item(overrideReason={"reason": {"display": "Free"}}),
        an_item(overrideReason={"reason": {"code": ""}, "userComment": ""}),
        an_item(acceptedSuggestions=[]),
        an_item(card=CARD.upper()),
        an_item(card=f"urn:uuid:{CARD}"),
        an_item(outcomeTimestamp="2026-03-02T17:31:00.000+08:00"),
    ],
)
async def test_every_way_to_say_it_is_read(item):
    """Unknown keys, nulls, empty parts, capitals, a URN, another time zone."""
    site = a_site(None)

    response = await send(site, item)

    assert response.status_code == 200
    assert kept(site) == [CardFeedback(CARD, "overridden", datetime(2026, 3, 2, 9, 31, tzinfo=UTC))]


@pytest.mark.parametrize(
    ("item", "field"),
    [
        (an_item(card="no uuid"), "feedback.0.card"),
        (an_item(card=7), "feedback.0.card"),
        (an_item(outcome="ignored"), "feedback.0.outcome"),
        (an_item(outcome="accepted"), "acceptedSuggestions"),
        (an_item(outcome="accepted", acceptedSuggestions=[]), "acceptedSuggestions"),
        (an_item(acceptedSuggestions=[{}]), "feedback.0.acceptedSuggestions.0.id"),
        (an_item(acceptedSuggestions=[{"id": "x"}] * 21), "feedback.0.acceptedSuggestions"),
        (an_item(outcomeTimestamp="2026-03-02T09:31:00"), "feedback.0.outcomeTimestamp"),
        (an_item(outcomeTimestamp=1772443860), "feedback.0.outcomeTimestamp"),
        (an_item(outcomeTimestamp="0001-01-01T00:00:00+14:00"), "feedback.0.outcomeTimestamp"),
        (an_item(outcomeTimestamp="9999-12-31T23:59:59-14:00"), "feedback.0.outcomeTimestamp"),
        (an_item(overrideReason="later"), "feedback.0.overrideReason"),
        (an_item(overrideReason={"reason": {"code": "x" * 65}}), "feedback.0.overrideReason.reason.code"),
        ({key: value for key, value in an_item().items() if key != "outcomeTimestamp"}, "feedback.0.outcomeTimestamp"),
    ],
)
async def test_what_cannot_be_read_is_400_and_names_the_field(item, field):
    """The whole batch is refused, and an audit row says so; no value comes back."""
    site = a_site(None)

    response = await send(site, item, ACCEPTED)

    assert field in said(response)
    assert kept(site) == []
    assert site.audit.rows == [("feedback", None, "refused-400", SIGN)]


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"feedback": null}', b'{"feedback": []}', b'{"feedback": {}}'])
async def test_a_body_without_feedback_is_400(body):
    """`feedback` is an array of one or more."""
    assert said(await send(a_site(None), body=body))


async def test_a_batch_has_a_limit():
    """As many as fit are kept, one more is none of them."""
    items = [an_item(card=str(uuid.UUID(int=number))) for number in range(MOST_ITEMS + 1)]
    fits, does_not = a_site(None), a_site(None)

    answers = [(await send(fits, *items[1:])).status_code, (await send(does_not, *items)).status_code]

    assert answers == [200, 400]
    assert (len(kept(fits)), len(kept(does_not))) == (MOST_ITEMS, 0)


async def test_a_comment_is_cut_and_loses_its_control_characters():
    """Long and odd comments are kept as far as they go; terminals obey what is taken out."""
    site = a_site(None)

    await send(site, an_item(overrideReason={"userComment": "ab\x1b[2J\n骨" + "x" * 9999}))

    (item,) = kept(site)
    assert item.comment is not None
    assert item.comment.startswith("ab[2J\n骨x")
    assert len(item.comment) == LONGEST_COMMENT


async def test_a_comment_with_nul_is_refused():
    """PostgreSQL does not keep it, and nobody types it."""
    assert (await send(a_site(None), an_item(overrideReason={"userComment": "a\x00b"}))).status_code == 400


async def test_an_unknown_service_is_404():
    """Feedback goes to the service that showed the card."""
    response = await send(a_site(None), an_item(), service="another")

    assert response.status_code == 404
    assert response.json()["resourceType"] == "OperationOutcome"


async def test_another_content_type_is_415():
    """The rules of bodies are those of hook calls."""
    async with a_site(None).client() as client:
        response = await client.post(f"/cds-services/{SIGN}/feedback", content=b"{}")

    assert response.status_code == 415


@pytest.mark.parametrize("outcome", ["overridden", SECRET])
async def test_what_a_user_wrote_is_told_nowhere(outcome):
    """Neither log nor audit nor answer repeats it, kept or refused."""
    site = a_site(None)
    reason = {"reason": {"code": "other", "display": SECRET}, "userComment": SECRET}

    with capture_logs() as logged:
        response = await send(site, an_item(outcome=outcome, overrideReason=reason))

    assert "Secretname" not in json.dumps(logged) + response.text + repr(site.audit.rows) + repr(site.audit.callers)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
_SPOILT = st.fixed_dictionaries(
    {},
    optional={
        "card": st.just(CARD) | _JSON,
        "outcome": st.sampled_from(["accepted", "overridden"]) | _JSON,
        "outcomeTimestamp": st.datetimes(timezones=st.timezones()).map(datetime.isoformat) | _JSON,
        "acceptedSuggestions": st.just([{"id": "s"}]) | _JSON,
        "overrideReason": st.fixed_dictionaries({}, optional={"reason": _JSON, "userComment": _JSON}) | _JSON,
    },
)


@given(items=st.lists(_SPOILT, max_size=3) | _JSON)
def test_whatever_is_sent_is_read_or_refused(items):
    """Never a fault of ours; what is read can be stored: in UTC, without NUL, within its columns."""
    body = json.dumps({"feedback": items})

    try:
        batch = FeedbackBatch.model_validate_json(body)
    except ValidationError:
        return

    for item in (each.as_feedback() for each in batch.feedback):
        assert item.at.tzinfo == UTC
        assert str(uuid.UUID(item.card_id)) == item.card_id
        assert "\x00" not in f"{item.comment}{item.reason_code}{item.reason_system}{item.accepted}"
        assert len(item.reason_code or "") <= 64
