"""The codes of a FHIR ValueSet (R4) in JSON.

An expansion counts before a definition. A definition counts where it lists its codes, or includes or excludes
a value set that is known here; what only a terminology server could work out is refused with the advice to
expand it there.
"""

import json
from collections.abc import Iterator, Mapping

from cds.errors import SettingsInvalid

Code = tuple[str, str]
"""(code system uri, code)."""

Known = Mapping[str, frozenset[Code]]
"""Url of a value set to its codes."""

_EXPAND_IT = "expand the value set on a terminology server ($expand) and save the answer"


def codes_of(text: str, known: Known) -> frozenset[Code]:
    """Every code; raises `SettingsInvalid` with a sentence, also where there is none."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise SettingsInvalid("the file is not JSON.") from None
    if not isinstance(document, dict) or document.get("resourceType") != "ValueSet":
        raise SettingsInvalid("the file is not a FHIR ValueSet in JSON.")
    expansion, compose = document.get("expansion"), document.get("compose")
    if isinstance(expansion, dict):
        codes = _expanded(expansion)
    elif isinstance(compose, dict):
        codes = _composed(compose, known)
    else:
        raise SettingsInvalid(f"the ValueSet has neither expansion nor compose; {_EXPAND_IT}.")
    if not codes:
        raise SettingsInvalid("the ValueSet names no code, so no order would ever matter.")
    return codes


def _expanded(expansion: Mapping[str, object]) -> frozenset[Code]:
    listed = list(_contained(expansion))
    total = expansion.get("total")
    if isinstance(total, int) and total > len(listed):
        raise SettingsInvalid(f"the expansion holds {len(listed)} of {total} codes; save all pages as one.")
    return frozenset(_code(each.get("system"), each) for each in listed if each.get("abstract") is not True)


def _contained(parent: Mapping[str, object]) -> Iterator[Mapping[str, object]]:
    for each in _objects(parent, "contains"):
        if "code" in each:
            yield each
        yield from _contained(each)


def _composed(compose: Mapping[str, object], known: Known) -> frozenset[Code]:
    included = [_part(each, known) for each in _objects(compose, "include")]
    excluded = [_part(each, known) for each in _objects(compose, "exclude")]
    return frozenset().union(*included).difference(*excluded)


def _part(part: Mapping[str, object], known: Known) -> frozenset[Code]:
    """One include or exclude: what all of its conditions have in common."""
    if part.get("filter"):
        raise SettingsInvalid(f"compose uses a filter; {_EXPAND_IT}.")
    conditions = [_named(url, known) for url in _texts(part, "valueSet")]
    concepts = list(_objects(part, "concept"))
    if concepts:
        conditions.append(frozenset(_code(part.get("system"), each) for each in concepts))
    elif "system" in part or not conditions:
        raise SettingsInvalid(f"compose takes a code system as a whole; {_EXPAND_IT}.")
    return frozenset.intersection(*conditions)


def _named(url: str, known: Known) -> frozenset[Code]:
    codes = known.get(url.partition("|")[0])
    if codes is None:
        ours = ", ".join(sorted(known)) or "none"
        raise SettingsInvalid(f"compose names the value set {url}; known are: {ours}. Or {_EXPAND_IT}.")
    return codes


def _code(system: object, concept: Mapping[str, object]) -> Code:
    code = concept.get("code")
    if not (isinstance(system, str) and system.strip() and isinstance(code, str) and code.strip()):
        raise SettingsInvalid("a concept lacks its system or its code, or they are no text.")
    return system.strip(), code.strip()


def _objects(parent: Mapping[str, object], key: str) -> list[Mapping[str, object]]:
    given = parent.get(key, [])
    if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
        raise SettingsInvalid(f"'{key}' is not a list of objects.")
    return given


def _texts(parent: Mapping[str, object], key: str) -> list[str]:
    given = parent.get(key, [])
    if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
        raise SettingsInvalid(f"'{key}' is not a list of texts.")
    return given
