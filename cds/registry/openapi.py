"""What the OpenAPI document says of the registry API; `/fhir/metadata` says it as FHIR does."""

from typing import Any

from cds.registry.refusals import FHIR_JSON, ISSUE_TYPES
from cds.registry.search_parameters import SEARCH_PARAMETERS

_OUTCOME = {"$ref": "#/components/schemas/RegistryOutcome"}
_RESOURCE = {"type": "object", "required": ["resourceType"], "description": "A FHIR R4 resource; see /fhir/metadata."}
_REFUSALS = {
    400: "A parameter, cursor, header or body cannot be read, or contradicts itself.",
    401: "An access token of /fhir/token is needed.",
    403: "The access token, or the site, does not allow it.",
    404: "There is no such thing, or not for this caller.",
    405: "Not done with this type.",
    408: "The body did not arrive in time.",
    410: "It is no longer kept, or was taken back.",
    412: "It has changed since the version that was read.",
    413: "The body is too large.",
    414: "The address is too long.",
    415: "The body is of another type than the one asked for.",
    422: "The update changes what may not be changed.",
    429: "Too many at once; `Retry-After` says when to try again.",
    500: "The fault is ours.",
    503: "Too many calls at once; `Retry-After` says when to try again.",
}
FORM = "application/x-www-form-urlencoded"
Documented = dict[str, Any]


def documented(status: int, description: str, *refusals: int, media_type: str | None = FHIR_JSON) -> Documented:
    """Keywords of a route that needs a token: what it answers, and what it refuses with an OperationOutcome."""
    all_refusals = sorted({401, 500, 503, *refusals})
    told = {each: _with({FHIR_JSON: {"schema": _OUTCOME}}, _REFUSALS[each]) for each in all_refusals}
    return {"status_code": status, "responses": {status: _with(_body(media_type), description), **told}}


def registry_schemas() -> Documented:
    """`components.schemas` that the routes refer to."""
    issue = {
        "type": "object",
        "required": ["severity", "code", "diagnostics"],
        "additionalProperties": False,
        "properties": {
            "severity": {"const": "error"},
            "code": {"enum": sorted({*ISSUE_TYPES.values(), "transient"})},
            "diagnostics": {"type": "string"},
        },
    }
    return {
        "RegistryOutcome": {
            "type": "object",
            "description": "A FHIR R4 OperationOutcome with one issue; it repeats nothing that was sent.",
            "required": ["resourceType", "issue"],
            "additionalProperties": False,
            "properties": {
                "resourceType": {"const": "OperationOutcome"},
                "issue": {"type": "array", "minItems": 1, "maxItems": 1, "items": issue},
            },
        }
    }


def public(description: str, media_type: str = FHIR_JSON) -> Documented:
    """Keywords of a route that needs no token."""
    return {"responses": {200: _with(_body(media_type), description)}}


def takes(media_type: str, description: str) -> Documented:
    """`openapi_extra` of a route that reads a body from raw bytes."""
    content = {media_type: {"schema": {"type": "object", "description": description}}}
    return {"openapi_extra": {"requestBody": {"required": True, "content": content}}}


def searched() -> Documented:
    """`openapi_extra` of the search by GET."""
    named = [{"name": name, "in": "query", "schema": {"type": "string"}} for name in SEARCH_PARAMETERS]
    return {"openapi_extra": {"parameters": named}}


def _body(media_type: str | None) -> Documented:
    if media_type is None:
        return {}
    return {media_type: {"schema": _RESOURCE if media_type == FHIR_JSON else {"type": "string"}}}


def _with(content: Documented, description: str) -> Documented:
    return {"description": description} | ({"content": content} if content else {})
