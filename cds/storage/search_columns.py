"""What of a FHIR resource can be searched, as columns: read once, when a version is stored."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import Column, ColumnElement, and_, or_

from cds.resource import UNKNOWN_DAY, Token
from cds.storage.registry_tables import resources

Json = Mapping[str, Any]

_BETWEEN = "\t"
"""Separates tokens; no FHIR code or uri holds one."""


def search_columns(resource: Json) -> dict[str, object]:
    """Everything but the patient, who is a matter of the result."""
    identifier: Json = next(iter(resource.get("identifier", ())), {})
    return {
        "identifier_system": identifier.get("system", ""),
        "identifier": identifier.get("value", ""),
        "status": resource.get("status", ""),
        "codes": _tokens([resource["code"]] if "code" in resource else []),
        "categories": _tokens(resource.get("category", ())),
        "effective": _day(resource.get("effectiveDateTime") or resource.get("started")),
        "value": resource.get("valueQuantity", {}).get("value"),
    }


def has_token(column: Column[str], token: Token) -> ColumnElement[bool]:
    """`system|code`, `|code` without a system, `code` of any system, or `system|` with any code."""
    begin = "" if token.system is None else _BETWEEN + token.system
    end = "" if token.code is None else token.code + _BETWEEN
    return column.contains(f"{begin}|{end}", autoescape=True)


def has_identifier(token: Token) -> ColumnElement[bool]:
    """The same for the identifier, which has columns of its own."""
    wanted = {"identifier_system": token.system, "identifier": token.code}
    return and_(*(resources.c[name] == value for name, value in wanted.items() if value is not None))


def any_of(conditions: Iterable[ColumnElement[bool]]) -> ColumnElement[bool]:
    """One of them; of none, nothing."""
    return or_(False, *conditions)  # noqa: FBT003 - SQL's FALSE


def _tokens(concepts: Iterable[Json]) -> str:
    codings = [coding for concept in concepts for coding in concept.get("coding", ())]
    written = (f"{each.get('system', '')}|{each.get('code', '')}" for each in codings)
    return _BETWEEN + _BETWEEN.join(written) + _BETWEEN


def _day(written: str | None) -> date:
    return UNKNOWN_DAY if written is None else date.fromisoformat(written[:10])
