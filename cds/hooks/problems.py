"""Every refusal on the wire, as a FHIR OperationOutcome, built in one place.

400  contradicts itself or cannot be read     413  larger than anyone needs
401  who calls is not known                   415  not JSON
403  who calls may not                        422  a parameter is wrong
404  no such service                          429  too often
405  no such method                           500  our own fault, with an id
408  the body did not arrive in time          503  try again later
412  the patient could not be had: names the keys
"""

import json
from collections.abc import Mapping
from types import MappingProxyType

from pydantic import JsonValue, ValidationError
from starlette.responses import Response

from cds.errors import OsteocdsError

FHIR_JSON = "application/fhir+json"

_ISSUE_TYPE: Mapping[int, str] = MappingProxyType(
    {
        400: "invalid",
        401: "login",
        403: "forbidden",
        404: "not-found",
        405: "not-supported",
        408: "timeout",
        412: "required",
        413: "too-long",
        415: "not-supported",
        422: "processing",
        429: "throttled",
        500: "exception",
        503: "transient",
    }
)
"""HTTP status to http://hl7.org/fhir/issue-type."""

OUTCOME_SCHEMA: Mapping[str, JsonValue] = MappingProxyType(
    {
        "type": "object",
        "description": "A FHIR R4 OperationOutcome with one issue; it repeats nothing that was sent.",
        "required": ["resourceType", "issue"],
        "additionalProperties": False,
        "properties": {
            "resourceType": {"const": "OperationOutcome"},
            "issue": {
                "type": "array",
                "minItems": 1,
                "maxItems": 1,
                "items": {
                    "type": "object",
                    "required": ["severity", "code", "diagnostics"],
                    "additionalProperties": False,
                    "properties": {
                        "severity": {"enum": ["fatal", "error"]},
                        "code": {"enum": [*dict.fromkeys(_ISSUE_TYPE.values())]},
                        "diagnostics": {"type": "string", "minLength": 1},
                    },
                },
            },
        },
    }
)
"""JSON Schema of `outcome_response`, for the OpenAPI document."""

_TOO_MANY_TO_NAME = 5


class Problem(OsteocdsError):
    """A call that gets no cards but a status and a sentence; no patient data in it."""

    def __init__(self, status: int, text: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.headers: Mapping[str, str] = headers or {}


def outcome_response(status: int, text: str, headers: Mapping[str, str] | None = None) -> Response:
    """An OperationOutcome with one issue."""
    issue = {
        "severity": "fatal" if status == 500 else "error",
        "code": _ISSUE_TYPE.get(status, "processing"),
        "diagnostics": text,
    }
    body = json.dumps({"resourceType": "OperationOutcome", "issue": [issue]})
    return Response(body, status, dict(headers or {}), FHIR_JSON)


def unreadable(fault: ValidationError) -> Problem:
    """Which parts of a message could not be read; the values themselves are never repeated."""
    faults = fault.errors(include_input=False, include_url=False, include_context=False)
    named = [f"{'.'.join(map(str, each['loc'])) or 'body'}: {each['msg']}" for each in faults[:_TOO_MANY_TO_NAME]]
    return Problem(400, f"The message could not be read. {'; '.join(named)}.")
