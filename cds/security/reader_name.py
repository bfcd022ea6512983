"""What an EHR calls a reader: for people to read, and never to tell one reader from another.

From the id token's `name` (OpenID Connect Core 1.0, 5.1), or from a Practitioner (HumanName) or a
PractitionerRole (what it displays its practitioner as).
"""

from collections.abc import Mapping, Sequence

LONGEST_NAME = 120
_USES = ("official", "usual", None, "temp", "nickname", "anonymous")
"""In the order in which they are taken; `old` and `maiden` are no names of today."""


def name_said(text: object) -> str | None:
    """On one line, without characters that show nothing or turn the line round; None where nothing is left."""
    if not isinstance(text, str):
        return None
    shown = "".join(each if each.isprintable() else " " for each in text[: 4 * LONGEST_NAME])
    return " ".join(shown.split())[:LONGEST_NAME].rstrip() or None


def name_in(resource: Mapping[str, object]) -> str | None:
    """Of a FHIR Practitioner or PractitionerRole."""
    if resource.get("resourceType") == "PractitionerRole":
        practitioner = resource.get("practitioner")
        return name_said(practitioner.get("display")) if isinstance(practitioner, Mapping) else None
    names = resource.get("name")
    known = [each for each in names if isinstance(each, Mapping)] if isinstance(names, list) else []
    by_use = sorted((each for each in known if each.get("use") in _USES), key=lambda each: _USES.index(each.get("use")))
    return next((said for each in by_use if (said := name_said(_written(each)))), None)


def _written(name: Mapping[str, object]) -> object:
    """`text` is how the name is written; its parts are put together where there is none."""
    parts = (*_texts(name.get("prefix")), *_texts(name.get("given")), name.get("family"), *_texts(name.get("suffix")))
    return name.get("text") or " ".join(each for each in parts if isinstance(each, str))


def _texts(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else ()
