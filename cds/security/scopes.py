"""SMART scopes of backend services, version 1 (`system/Observation.read`) and 2 (`system/Observation.rs`).

Updates are for reports alone, and only where a scope names the type: `system/DiagnosticReport.u` or `.write`. What
is for every type, such as `system/*.cruds`, only reads.
"""

import re
from collections.abc import Collection, Iterable

from cds.registry_client import Deed
from cds.resource import ACCEPTED_TYPE, SERVED_TYPES

Allowed = frozenset[tuple[str, Deed]]

_SCOPE = re.compile(r"system/(?P<type>\*|[A-Z][A-Za-z]+)\.(?P<rights>read|write|\*|c?r?u?d?s?)")


def allowed_by(scopes: Iterable[str]) -> Allowed:
    """What they allow together; nothing where one cannot be read, or asks for less than we can tell apart."""
    return frozenset(each for scope in scopes for each in _allowed_by_one(scope))


def granted(requested: Collection[str], configured: Allowed) -> list[str]:
    """The requested scopes, each narrowed to what is configured, in the version that it was asked in."""
    scopes = []
    for scope in dict.fromkeys(requested):
        allowed = _allowed_by_one(scope) & configured
        for kind in SERVED_TYPES:
            rights = "".join(letter for letter, deed in _LETTERS if (kind, deed) in allowed)
            if scope.partition(".")[2] in _FIRST:
                scopes += [f"system/{kind}.{name}" for name in ("read", "write") if _FIRST[name] <= set(rights)]
            elif rights:
                scopes.append(f"system/{kind}.{rights}")
    return list(dict.fromkeys(scopes))


_LETTERS: tuple[tuple[str, Deed], ...] = (("r", "read"), ("u", "update"), ("s", "search"))
_FIRST = {"read": set("rs"), "write": set("u"), "*": set("rus")}
"""Rights of version 1 in the letters of version 2."""


def _allowed_by_one(scope: str) -> Allowed:
    written = _SCOPE.fullmatch(scope)
    if written is None or not written["rights"]:
        return frozenset()
    rights = _FIRST.get(written["rights"], set(written["rights"])) - (
        set() if written["type"] == ACCEPTED_TYPE else {"u"}
    )
    kinds = SERVED_TYPES if written["type"] == "*" else (written["type"],)
    deeds = [deed for letter, deed in _LETTERS if letter in rights]
    return frozenset((kind, deed) for kind in kinds if kind in SERVED_TYPES for deed in deeds)
