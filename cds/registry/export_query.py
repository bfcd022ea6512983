"""What a kick-off of `$export` asks for, from an address or a Parameters resource."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from cds.export import ExportRequest
from cds.registry.refusals import Refused
from cds.registry.search_parameters import Pairs, read_search
from cds.registry.search_values import alternatives, instant_ms, wrong
from cds.registry.stored_ids import with_stored_ids
from cds.registry.views import View
from cds.registry_client import RegistryClient
from cds.resource import (
    SEARCHED_TYPES,
    SERVED_TYPES,
    AnyOf,
    Criterion,
    Interval,
    Position,
    Reach,
    ResourceSearch,
    Within,
)

_FORMATS = ("application/fhir+ndjson", "application/ndjson", "ndjson")
_KNOWN = ("_type", "_since", "_typeFilter", "_outputFormat")


@dataclass(frozen=True, slots=True)
class Kickoff:
    """How a client asks for an export."""

    pairs: Pairs
    url: str
    strict: bool
    """An unknown parameter is refused."""
    group: str | None = None


@dataclass(frozen=True, slots=True)
class ExportSearches:
    """The searches whose results make the files of an export."""

    view: View
    identifier_system: str | None

    def of(self, request: ExportRequest, kind: str, as_of: int, after: Position | None = None) -> ResourceSearch:
        """Of one type, from behind a position; raises `Refused` where a filter cannot be read."""
        asked = [each.partition("?")[2] for each in request.filters if each.startswith(f"{kind}?")]
        if asked and kind not in SEARCHED_TYPES:
            raise wrong("_typeFilter", f"one of {', '.join(SEARCHED_TYPES)}")
        criteria: list[Criterion] = []
        if request.since is not None:
            criteria.append(Within("last_updated", (Interval(request.since + 1, None),)))
        if asked:
            criteria.append(AnyOf(tuple(self._criteria(kind, text) for text in asked)))
        reach = Reach(request.tenant, request.groups)
        return ResourceSearch(type=kind, reach=reach, as_of=as_of, criteria=tuple(criteria), after=after)

    def _criteria(self, kind: str, text: str) -> tuple[Criterion, ...]:
        pairs = parse_qsl(text, keep_blank_values=True)
        asked = read_search(kind, pairs, self.identifier_system, identified=self.view.identified)
        if asked.unknown or asked.includes or asked.only_count:
            raise wrong("_typeFilter", "search parameters that select resources")
        return with_stored_ids(asked.criteria, kind, self.view)


def read_export(client: RegistryClient, view: View, kickoff: Kickoff) -> ExportRequest:
    """The request; raises `Refused` 400, 403 or 404."""
    given = {name: [value for each, value in kickoff.pairs if each == name] for name, _ in kickoff.pairs}
    if kickoff.strict and any(name not in _KNOWN for name in given):
        raise Refused(400, f"Only {', '.join(_KNOWN)} mean something here; the Prefer header asks for strict handling.")
    if any(each not in _FORMATS for each in given.get("_outputFormat", ())):
        raise wrong("_outputFormat", "application/fhir+ndjson")
    if len(given.get("_since", ())) > 1:
        raise wrong("_since", "to be given once")
    reach = _reach(client, kickoff.group)
    request = ExportRequest(
        url=kickoff.url,
        tenant=reach.tenant,
        groups=reach.groups,
        types=_types(client, view, given.get("_type", ())),
        since=instant_ms("_since", given["_since"][0]) if "_since" in given else None,
        filters=tuple(each for text in given.get("_typeFilter", ()) for each in alternatives(text)),
        deidentification=client.deidentification,
    )
    searches = ExportSearches(view, None)
    for kind in request.types:
        searches.of(request, kind, as_of=0)  # refuses a filter that cannot be read
    if any(each.partition("?")[0] not in request.types for each in request.filters):
        raise wrong("_typeFilter", "types that are exported")
    return request


def parameters_of(body: bytes) -> Pairs:
    """Names and values of a Parameters resource; raises `Refused` 400."""
    try:
        read = json.loads(body)
        listed = [(each["name"], _value(each)) for each in read.get("parameter", ())]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Refused(400, "The body is no Parameters resource.") from None
    if read.get("resourceType") != "Parameters":
        raise Refused(400, "The body is no Parameters resource.")
    return listed


def _reach(client: RegistryClient, group: str | None) -> Reach:
    if group is None:
        return client.reach
    reach = client.reach_of_group(group)
    if reach is None:
        raise Refused(404, "There is no such Group.")
    return reach


def _types(client: RegistryClient, view: View, given: Sequence[str]) -> tuple[str, ...]:
    """All that the token allows, where none is named; a named one that it does not allow is refused."""
    allowed = [kind for kind in client.types if kind in view.types]
    named = [each for text in given for each in text.split(",")]
    if any(each not in SERVED_TYPES for each in named):
        raise wrong("_type", f"some of {', '.join(SERVED_TYPES)}")
    if any(each not in allowed for each in named):
        raise Refused(403, "_type: names a type that the access token, or the site, does not allow.")
    if not allowed:
        raise Refused(403, "The access token allows no type to be exported.")
    return tuple(kind for kind in allowed if not named or kind in named)


def _value(parameter: dict[str, object]) -> str:
    value = next((each for name, each in parameter.items() if name.startswith("value")), None)
    if not isinstance(value, str):
        raise TypeError
    return value
