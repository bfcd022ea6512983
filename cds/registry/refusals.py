"""Every refusal of the registry API, as a FHIR OperationOutcome; nothing that was sent is repeated.

400  a parameter, cursor or header is wrong          412  another version than the one that was read
401  no access token, or not one of ours             413  the body is too large
403  the token does not reach this far               414  the address is too long
404  not there, or not for this caller               415  not a form, or not JSON
405  not done with this type                         422  an update that changes what may not change
408  the body did not arrive in time                 429  too many exports at once
410  it expired, or was taken back                   503  too many calls at once
"""

import json
from collections.abc import Mapping
from types import MappingProxyType

from starlette.requests import Request
from starlette.responses import Response

from cds.errors import OsteocdsError

FHIR_JSON = "application/fhir+json"
ISSUE_TYPES: Mapping[int, str] = MappingProxyType(
    {
        400: "invalid",
        401: "login",
        403: "forbidden",
        404: "not-found",
        405: "not-supported",
        408: "timeout",
        410: "expired",
        412: "conflict",
        413: "too-long",
        414: "too-long",
        415: "not-supported",
        422: "business-rule",
        429: "throttled",
        500: "exception",
    }
)


class Refused(OsteocdsError):
    """A call that gets a status and a sentence instead of resources; no patient data in it."""

    def __init__(self, status: int, text: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.text = text
        self.headers: Mapping[str, str] = headers or {}


def refusal_response(_: Request, refused: Exception) -> Response:
    """An OperationOutcome with one issue; registered as handler of `Refused`."""
    if not isinstance(refused, Refused):
        raise refused
    body = json.dumps(outcome("error", ISSUE_TYPES[refused.status], [refused.text]))
    return Response(body, refused.status, dict(refused.headers), FHIR_JSON)


def outcome(severity: str, code: str, texts: list[str]) -> dict[str, object]:
    """An OperationOutcome with an issue for each sentence."""
    issues = [{"severity": severity, "code": code, "diagnostics": text} for text in texts]
    return {"resourceType": "OperationOutcome", "issue": issues}
