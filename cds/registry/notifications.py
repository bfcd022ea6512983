"""Subscriptions and what is sent for them, as FHIR (R4 backport 1.1): one topic, ids only.

A notification names the Observations and says nothing of what is in them: the registry reads them
with its token, and sees what it may.
"""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal
from urllib.parse import urlsplit

from cds.registry.refusals import Refused
from cds.subscription import Subscription

TOPIC = "http://osteocds.org/fhir/SubscriptionTopic/new-assessment"
_BACKPORT = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition"
_CONTENT = f"{_BACKPORT}/backport-payload-content"
_STATUS_PROFILE = f"{_BACKPORT}/backport-subscription-status-r4"

Kind = Literal["handshake", "event-notification", "query-status"]
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """A new version of an assessment, as the registry knows it."""

    number: int
    moment: int
    reference: str


def read_endpoint(body: bytes, origins: frozenset[str]) -> str:
    """Where a Subscription that a client sends points to; raises `Refused`."""
    try:
        sent = json.loads(body)
        channel = sent["channel"]
        kind, endpoint, criteria = channel["type"], channel["endpoint"], sent["criteria"]
        content = [each.get("valueCode") for each in channel.get("_payload", {}).get("extension", ())]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Refused(400, "The body is no Subscription with criteria and channel.") from None
    if sent.get("resourceType") != "Subscription" or kind != "rest-hook":
        raise Refused(400, "Only Subscriptions by rest-hook are supported.")
    if criteria != TOPIC:
        raise Refused(400, f"criteria: the only topic is {TOPIC}.")
    if any(each != "id-only" for each in content) or channel.get("header") or sent.get("end"):
        raise Refused(400, "channel: content is id-only; header and end are not supported.")
    if not isinstance(endpoint, str) or _origin_of(endpoint) not in origins:
        raise Refused(403, "channel.endpoint: is not at an origin that the site allows this registry.")
    return endpoint


def subscription_resource(subscription: Subscription) -> Json:
    """As it is read back."""
    return {
        "resourceType": "Subscription",
        "id": subscription.subscription_id,
        "meta": {"profile": [f"{_BACKPORT}/backport-subscription"]},
        "status": subscription.status,
        "reason": "New assessments of bone density",
        "criteria": TOPIC,
        "channel": {
            "type": "rest-hook",
            "endpoint": subscription.endpoint,
            "payload": "application/fhir+json",
            "_payload": {"extension": [{"url": _CONTENT, "valueCode": "id-only"}]},
        },
    }


def status_bundle(base_url: str, subscription: Subscription) -> bytes:
    """The answer to `$status`."""
    entry = {"resource": _status(base_url, subscription, "query-status", [], subscription.events)}
    return json.dumps({"resourceType": "Bundle", "type": "searchset", "entry": [entry]}).encode()


def notification(base_url: str, subscription: Subscription, kind: Kind, events: Sequence[Event]) -> bytes:
    """A handshake, or news."""
    told = subscription.events + len(events)
    status = {
        "fullUrl": f"urn:uuid:{uuid.uuid4()}",
        "resource": _status(base_url, subscription, kind, events, told),
        "request": {"method": "GET", "url": f"Subscription/{subscription.subscription_id}/$status"},
        "response": {"status": "200"},
    }
    named = [
        {
            "fullUrl": f"{base_url}/{each.reference}",
            "request": {"method": "PUT", "url": each.reference},
            "response": {"status": "200"},
        }
        for each in events
    ]
    bundle = {
        "resourceType": "Bundle",
        "id": str(uuid.uuid4()),
        "type": "history",
        "timestamp": _instant(datetime.now(UTC)),
        "entry": [status, *named],
    }
    return json.dumps(bundle).encode()


def _status(base_url: str, subscription: Subscription, kind: Kind, events: Sequence[Event], told: int) -> Json:
    reference = {"reference": f"{base_url}/Subscription/{subscription.subscription_id}"}
    parameters: list[Json] = [
        {"name": "subscription", "valueReference": reference},
        {"name": "topic", "valueCanonical": TOPIC},
        {"name": "status", "valueCode": subscription.status},
        {"name": "type", "valueCode": kind},
        {"name": "events-since-subscription-start", "valueString": str(told)},
        *(
            {
                "name": "notification-event",
                "part": [
                    {"name": "event-number", "valueString": str(each.number)},
                    {"name": "timestamp", "valueInstant": _instant(datetime.fromtimestamp(each.moment / 1000, UTC))},
                    {"name": "focus", "valueReference": {"reference": f"{base_url}/{each.reference}"}},
                ],
            }
            for each in events
        ),
    ]
    profiled = {"profile": [_STATUS_PROFILE]}
    return {"resourceType": "Parameters", "id": str(uuid.uuid4()), "meta": profiled, "parameter": parameters}


def _instant(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _origin_of(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.username or parts.password or parts.fragment or not parts.hostname:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    default = {"https": 443, "http": 80}.get(parts.scheme)
    return f"{parts.scheme}://{host}" + (f":{port}" if port not in (None, default) else "")
