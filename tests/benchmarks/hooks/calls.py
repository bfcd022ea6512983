"""The three calls that are measured, as bytes on the wire, each with a token of its own that is signed beforehand."""

import itertools
import json
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cds.cli.demo_order import FHIR_ID, SERVICE, order_sign_request
from tests.benchmarks.hooks.load import Place
from tests.benchmarks.hooks.wire import Reply
from tests.support.charts import (
    ICD10,
    RXNORM,
    SNOMED,
    a_concept,
    a_condition,
    a_medication_order,
    a_procedure,
    an_encounter,
    an_order,
)
from tests.support.client_tokens import DISCOVERY, a_token
from tests.support.hook_calls import a_bundle

HOOK = f"/cds-services/{SERVICE}"
_OF_PATIENT = {"subject": {"reference": f"Patient/{FHIR_ID}"}}
_NUMBERS = itertools.count(1)
"""No clinician asks twice: each is told the result for the first time, so that each call has its card."""


@dataclass(frozen=True, slots=True)
class Call:
    """One kind of call, how it is made, and how its right answer looks."""

    name: str
    says: str
    make: Callable[[Place], bytes]
    is_right: Callable[[Reply], bool]

    def many(self, place: Place, count: int) -> Sequence[bytes]:
        """Different ones, and signed now: they must be sent within five minutes."""
        return [self.make(place) for _ in range(count)]


def a_chart() -> Mapping[str, Any]:
    """Prefetch of an ordinary chart, in which nothing forbids a card: 36 resources."""
    conditions = [a_condition(a_concept(f"I{10 + n}", ICD10), **_OF_PATIENT) for n in range(12)]
    medicines = [a_medication_order(a_concept(f"9{n:05d}", RXNORM), **_OF_PATIENT) for n in range(12)]
    procedures = [a_procedure(a_concept(f"9{n:06d}", SNOMED), **_OF_PATIENT) for n in range(8)]
    orders = [an_order(a_concept(f"8{n:06d}", SNOMED), **_OF_PATIENT) for n in range(3)]
    return {
        "conditions": a_bundle(*conditions),
        "medications": a_bundle(*medicines),
        "procedures": a_bundle(*procedures),
        "orders": a_bundle(*orders),
        "encounter": an_encounter(**_OF_PATIENT),
    }


def _known() -> dict[str, Any]:
    request = order_sign_request(f"bench-{uuid.uuid4().hex[:8]}-{next(_NUMBERS)}")
    request["context"]["encounterId"] = "bench-encounter"
    request["prefetch"] |= a_chart()
    return request


def _irrelevant() -> dict[str, Any]:
    request = _known()
    order = request["context"]["draftOrders"]["entry"][0]["resource"]
    order["code"] = {"coding": [{"system": "http://loinc.org", "code": "58410-2"}], "text": "CBC panel"}
    return request


def _post(place: Place, message: Mapping[str, Any]) -> bytes:
    body = json.dumps(message).encode()
    return _head(place, "POST", HOOK, f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n") + body


def _head(place: Place, method: str, path: str, further: str = "") -> bytes:
    authority = f"{place.host}:{place.port}"
    token = a_token(now=datetime.fromtimestamp(time.time(), UTC), aud=f"http://{authority}{path}")
    head = f"{method} {path} HTTP/1.1\r\nHost: {authority}\r\nAuthorization: Bearer {token}\r\n{further}\r\n"
    return head.encode()


def _has_a_card(reply: Reply) -> bool:
    return reply.status == 200 and b'"summary"' in reply.body and b"osteoporosis range" in reply.body


def _has_no_card(reply: Reply) -> bool:
    return reply.status == 200 and json.loads(reply.body) == {"cards": []}


KNOWN = Call("known", "result known: a card", lambda place: _post(place, _known()), _has_a_card)
IRRELEVANT = Call("irrelevant", "irrelevant order", lambda place: _post(place, _irrelevant()), _has_no_card)
DISCOVER = Call(
    "discovery",
    "discovery",
    lambda place: _head(place, "GET", DISCOVERY),
    lambda reply: reply.status == 200 and b"osteocds-order-sign" in reply.body,
)
EMPTY = Call(
    "empty",
    "empty FastAPI route",
    lambda place: f"GET /empty HTTP/1.1\r\nHost: {place.host}:{place.port}\r\n\r\n".encode(),
    lambda reply: reply == Reply(200, b"{}"),
)
MEASURED = (KNOWN, IRRELEVANT, DISCOVER)
