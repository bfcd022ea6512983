"""Which resources a page of a search refers to, for `_include`."""

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from cds.resource import ResourceVersion

_ELEMENTS = {
    "subject": "subject",
    "patient": "subject",
    "device": "device",
    "derived-from": "derivedFrom",
    "result": "result",
}
"""Name of a search parameter to element."""


def references_of(page: Iterable[ResourceVersion], names: Collection[str]) -> frozenset[tuple[str, str]]:
    """(type, id) of what the named references of these resources lead to."""
    elements = {_ELEMENTS[name] for name in names}
    return frozenset(found for each in page for found in _referred(json.loads(each.body), elements))


def _referred(resource: Mapping[str, Any], elements: Collection[str]) -> Iterator[tuple[str, str]]:
    for element in elements:
        value = resource.get(element, [])
        for each in value if isinstance(value, list) else [value]:
            kind, slash, target = str(each.get("reference", "")).partition("/")
            if slash:
                yield kind, target
