"""Hypothesis strategies for requests that are almost hook calls: a valid one with a few things wrong."""

import copy
import json
from dataclasses import dataclass

from hypothesis import strategies as st

from tests.support.charts import a_condition, a_t_score
from tests.support.hook_calls import (
    FHIR_SERVER,
    a_bundle,
    a_fhir_patient,
    a_patient_view,
    a_prefetch,
    a_service_request,
    an_encounter_start,
    an_order_dispatch,
    an_order_select,
    an_order_sign,
)

VALID_CALLS = (
    an_order_sign(),
    an_order_sign(a_service_request(), a_service_request(code={"coding": [{"code": "77080"}]})),
    an_order_sign(prefetch={}, fhirServer=FHIR_SERVER, fhirAuthorization={"access_token": "t0ken"}),
    an_order_sign(patient=a_fhir_patient(link=[{"type": "replaced-by", "other": {"reference": "Patient/fhir-78"}}])),
    an_order_select(),
    a_patient_view(),
    an_order_dispatch(),
    an_encounter_start(),
    an_order_sign(
        prefetch=a_prefetch(conditions=a_bundle(a_condition("M81.0")), observations=a_bundle(a_t_score(-2.7)))
    ),
)

VALID_FEEDBACK = {
    "feedback": [
        {
            "card": "9c5b94b1-35ad-49bb-b118-8e8fc24abf80",
            "outcome": "accepted",
            "acceptedSuggestions": [{"id": "9c5b94b1-35ad-49bb-b118-8e8fc24abf81"}],
            "outcomeTimestamp": "2026-03-02T09:30:00Z",
        },
        {
            "card": "9c5b94b1-35ad-49bb-b118-8e8fc24abf82",
            "outcome": "overridden",
            "overrideReason": {"reason": {"code": "later"}, "userComment": "Secretname"},
            "outcomeTimestamp": "2026-03-02T09:30:00+08:00",
        },
    ]
}

odd_texts = st.text(max_size=40) | st.sampled_from(
    ["x" * 5000, "\x00", "\ud800", "\u202e", "Patient/..", "../../etc/passwd", "{{context.patientId}}", "<b>|</b>"]
)
odd_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=True) | odd_texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(odd_texts, inner, max_size=3),
    max_leaves=6,
)
_changes = st.sampled_from(["replace", "remove", "wrap", "fill a list", "empty"])


@dataclass(frozen=True, slots=True)
class RawCall:
    """A request as bytes."""

    path: str
    body: bytes
    content_type: str


@st.composite
def mutated_calls(draw: st.DrawFn):
    """A valid call with zero to four changes to its JSON and perhaps one to its bytes."""
    call = copy.deepcopy(draw(st.sampled_from([*VALID_CALLS, VALID_FEEDBACK])))
    hook, route = (call["hook"], "") if "hook" in call else ("order-sign", "/feedback")
    service = draw(st.sampled_from([hook] * 16 + ["order-sign", "patient-view", "%00", "a%2Fb"]))
    for _ in range(draw(st.integers(0, 4))):
        _change(draw, *draw(st.sampled_from(_places(call))))
    types = st.sampled_from(["application/json"] * 12 + ["application/fhir+json", "text/html", "application/json;"])
    body = _broken(draw, json.dumps(call, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass"))
    return RawCall(f"/cds-services/osteocds-{service}{route}", body, draw(types))


def _places(value: object) -> list[tuple[object, object]]:
    """Every container of the tree with each of its keys."""
    if isinstance(value, dict):
        keys = list(value)
    elif isinstance(value, list):
        keys = list(range(len(value)))
    else:
        return []
    inner = [place for key in keys for place in _places(value[key])]
    return [(value, key) for key in keys] + inner or [({"": None}, "")]


def _change(draw: st.DrawFn, container, key) -> None:
    match draw(_changes):
        case "replace":
            container[key] = draw(odd_values)
        case "remove":
            del container[key]
        case "wrap":
            container[key] = [container[key]]
        case "fill a list":
            container[key] = [copy.deepcopy(container[key])] * draw(st.integers(2, 50))
        case _:
            container[key] = draw(st.sampled_from(["", [], {}, None]))


def _broken(draw: st.DrawFn, body: bytes) -> bytes:
    at = draw(st.integers(0, len(body)))
    inserted = draw(st.binary(min_size=1, max_size=4))
    ways = {
        "cut": body[:at],
        "byte": body[:at] + inserted + body[at:],
        "key twice": b'{"hook":"order-sign",' + body[1:],
        "deep": b'{"deep":' + b"[" * 50_000 + b"]" * 50_000 + b"," + body[1:],
        "byte order mark": b"\xef\xbb\xbf" + body,
        "UTF-16": body.decode("utf-8", "replace").encode("utf-16"),
        "body twice": body + body,
    }
    return ways.get(draw(st.sampled_from(["not"] * 12 + list(ways))), body)
