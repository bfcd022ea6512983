"""What must hold of every answer of the service, whatever was asked."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import jsonschema_rs

NEVER_IN_AN_ANSWER = ("Traceback", 'File "', "site-packages", "Error:", "sqlite", "psycopg")
PRIVATE = ("Secretname", "PAT-0001", "1951-04-03", "t0ken")
HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff", "referrer-policy": "no-referrer"}

CLAIMS = (
    "no 5xx",
    "status, content type and body as the OpenAPI document says",
    "no traceback and no word of what is inside",
    "nothing private in a refusal",
    "security headers",
    "no element null or empty but `cards: []`, and the answer `{}` to feedback",
)


@dataclass(frozen=True, slots=True)
class Answered:
    """What came back; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class BorderChecks:
    """Holds answers against the service's own OpenAPI document and against what no document says."""

    def __init__(self, document) -> None:
        self._paths = document["paths"]
        self._components = document["components"]

    def hold(self, answer: Answered, path: str, method: str) -> None:
        """Assert; `path` is the template of the document."""
        text = answer.body.decode()
        assert answer.status < 500, f"{answer.status}: {text}"
        documented = self._paths[path][method.lower()]["responses"][str(answer.status)]["content"]
        ((content_type, content),) = documented.items()
        assert answer.headers["content-type"].partition(";")[0] == content_type
        assert not [word for word in NEVER_IN_AN_ANSWER if word in text]
        if answer.status != 200:
            assert not [word for word in PRIVATE if word in text]
        for name, value in HEADERS.items():
            assert answer.headers[name] == value
        if content_type.endswith("json"):
            self._hold_json(json.loads(text), content["schema"])

    def _hold_json(self, message: object, schema: object) -> None:
        jsonschema_rs.validate({**schema, "components": self._components}, message)
        assert message == {} or empty_elements(message) <= {"/cards"}


def empty_elements(value: object, place: str = "") -> set[str]:
    """Where a message holds null, "", [] or {}."""
    if value is None or (isinstance(value, str | list | dict) and not value):
        return {place}
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return {found for key, each in inner for found in empty_elements(each, f"{place}/{key}")}
