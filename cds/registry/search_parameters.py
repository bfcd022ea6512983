"""Search parameters of Observation and DiagnosticReport: what each means for the stored columns.

patient, subject       Patient/<id> or <id>; several separated by commas
patient.identifier     the archive's PatientID, with or without the site's identifier system
identifier             of the result
code, category         tokens
status                 preliminary, final, entered-in-error, ...
date                   day of the scan, with prefix
value-quantity         mg/cm3, with prefix
_id, _lastUpdated
_count, _sort, _include, _summary=count, _total=none, _format=json
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from cds.registry.refusals import Refused
from cds.registry.search_values import alternatives, days, moments, numbers, token, wrong
from cds.resource import Coded, Criterion, Interval, OneOf, Sort, Within

Pairs = Sequence[tuple[str, str]]

DEFAULT_COUNT: Final = 100
MAX_COUNT: Final = 500
MAX_PARAMETERS: Final = 30
MAX_ALTERNATIVES: Final = 100
INCLUDES: Final[Mapping[str, frozenset[str]]] = {
    "Observation": frozenset({"subject", "patient", "device", "derived-from"}),
    "DiagnosticReport": frozenset({"subject", "patient", "result"}),
}
IDENTIFYING: Final = frozenset({"identifier", "patient.identifier", "date"})
"""Not for whoever sees de-identified data: each would give away what was taken out."""

_MG_PER_CM3 = ("http://unitsofmeasure.org", "mg/cm3")
_BY_UPDATE = Sort("last_updated")
_SORTS: Mapping[str, Sort] = {
    "_lastUpdated": _BY_UPDATE,
    "-_lastUpdated": Sort("last_updated", descending=True),
    "date": Sort("effective"),
    "-date": Sort("effective", descending=True),
}
_FORMATS = ("json", "application/json", "application/fhir+json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A search as it was understood."""

    type: str
    criteria: tuple[Criterion, ...] = ()
    sort: Sort = _BY_UPDATE
    count: int = DEFAULT_COUNT
    includes: tuple[str, ...] = ()
    """Names of references to follow, such as "subject"."""
    only_count: bool = False
    understood: tuple[tuple[str, str], ...] = ()
    unknown: tuple[str, ...] = ()
    """Names of parameters that mean nothing here."""


def read_search(kind: str, pairs: Pairs, identifier_system: str | None, *, identified: bool) -> Asked:
    """What is asked; raises `Refused` 400. `identified`: the caller may ask by what identifies a patient."""
    if len(pairs) > MAX_PARAMETERS:
        raise Refused(400, f"A search takes at most {MAX_PARAMETERS} parameters.")
    for name, value in pairs:
        if not value.isprintable():
            raise Refused(400, "A parameter holds a control character.")
        _refuse_modifier(kind, name)
        if name in IDENTIFYING and not identified:
            raise Refused(403, f"{name}: is not for searches of de-identified data.")
    known = [(name, value) for name, value in pairs if _is_known(kind, name)]
    unknown = tuple(dict.fromkeys(name for name, _ in pairs if not _is_known(kind, name)))
    meanings = _meanings(identifier_system)
    criteria = tuple(meanings[name](value) for name, value in known if name in meanings)
    controls = {name: value for name, value in known if name not in meanings and name != "_include"}
    for name in ("_count", "_sort", "_summary"):
        if sum(each == name for each, _ in known) > 1:
            raise wrong(name, "to be given once")
    if not identified and "date" in controls.get("_sort", ""):
        raise Refused(403, "_sort: de-identified data is not sorted by date.")
    return Asked(
        type=kind,
        criteria=criteria,
        sort=_sort(controls.get("_sort"), {name for name, _ in known}),
        count=_count(controls.get("_count")),
        includes=tuple(_include(kind, value) for name, value in known if name == "_include"),
        only_count=_only_count(controls),
        understood=tuple(known),
        unknown=unknown,
    )


def _meanings(identifier_system: str | None) -> Mapping[str, Callable[[str], Criterion]]:
    return {
        "_id": lambda text: OneOf("id", tuple(_some("_id", text))),
        "_lastUpdated": lambda text: Within("last_updated", _each("_lastUpdated", text, moments)),
        "patient": _patient,
        "subject": _patient,
        "patient.identifier": lambda text: _patient_identifier(text, identifier_system),
        "identifier": lambda text: Coded("identifier", tuple(map(token, _some("identifier", text)))),
        "code": lambda text: Coded("codes", tuple(map(token, _some("code", text)))),
        "category": lambda text: Coded("categories", tuple(map(token, _some("category", text)))),
        "status": lambda text: OneOf("status", tuple(token(each).code or "" for each in _some("status", text))),
        "date": lambda text: Within("effective", _each("date", text, days)),
        "value-quantity": _quantity,
    }


_CONTROLS = frozenset({"_count", "_sort", "_include", "_summary", "_total", "_format"})
_PARAMETERS = frozenset(
    {
        "_id",
        "_lastUpdated",
        "patient",
        "subject",
        "patient.identifier",
        "identifier",
        "code",
        "category",
        "status",
        "date",
        "value-quantity",
    }
)

SEARCH_PARAMETERS: Final = (*sorted(_PARAMETERS), *sorted(_CONTROLS), "_cursor")


def _is_known(kind: str, name: str) -> bool:
    return name in _CONTROLS or (name in _PARAMETERS and (kind == "Observation" or name != "value-quantity"))


def _refuse_modifier(kind: str, name: str) -> None:
    """A known parameter with a modifier must not be taken for the bare one, nor be passed over (R4 3.1.1.4.5)."""
    bare, colon, _ = name.partition(":")
    if colon and _is_known(kind, bare):
        raise Refused(400, f"{bare}: no modifier of this parameter is supported.")


def _some(name: str, text: str) -> list[str]:
    each = alternatives(text)
    if not all(each) or len(each) > MAX_ALTERNATIVES:
        raise wrong(name, f"one to {MAX_ALTERNATIVES} values")
    return each


def _each(name: str, text: str, read: Callable[[str, str], tuple[Interval, ...]]) -> tuple[Interval, ...]:
    return tuple(interval for each in _some(name, text) for interval in read(name, each))


def _patient(text: str) -> Criterion:
    return OneOf("patient", tuple(each.removeprefix("Patient/") for each in _some("patient", text)))


def _patient_identifier(text: str, identifier_system: str | None) -> Criterion:
    """Of another system than the site's there is no patient here."""
    tokens = map(token, _some("patient.identifier", text))
    ours = (each.code for each in tokens if each.system in (None, identifier_system) and each.code)
    return OneOf("patient_id", tuple(ours))


def _quantity(text: str) -> Criterion:
    """`[prefix]number`, perhaps `|system|code`; every value is in mg/cm3, so none has another unit."""
    intervals: list[Interval] = []
    for each in _some("value-quantity", text):
        number, *unit = each.split("|")
        if len(unit) not in (0, 2):
            raise wrong("value-quantity", "a number, or number|system|code")
        matches = not unit or ((unit[0] in ("", _MG_PER_CM3[0])) and unit[1] in ("", _MG_PER_CM3[1]))
        found = numbers("value-quantity", number)
        intervals += found if matches else []
    return Within("value", tuple(intervals))


def _count(text: str | None) -> int:
    if text is None:
        return DEFAULT_COUNT
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise wrong("_count", "a whole number")
    return min(int(text), MAX_COUNT)


def _sort(text: str | None, names: set[str]) -> Sort:
    """Where nothing is said, the order that the search is fastest in."""
    if text is None:
        by_day = "date" in names and not names & {"patient", "subject", "patient.identifier", "_lastUpdated"}
        return _SORTS["date"] if by_day else _BY_UPDATE
    if text not in _SORTS:
        raise wrong("_sort", f"one of {', '.join(_SORTS)}")
    return _SORTS[text]


def _include(kind: str, text: str) -> str:
    source, _, name = text.partition(":")
    if source != kind or name not in INCLUDES[kind]:
        raise wrong("_include", f"one of {', '.join(f'{kind}:{each}' for each in sorted(INCLUDES[kind]))}")
    return name


def _only_count(controls: Mapping[str, str]) -> bool:
    if controls.get("_format", "json") not in _FORMATS:
        raise wrong("_format", "json")
    if controls.get("_total", "none") not in ("none", "accurate"):
        raise wrong("_total", "none or accurate")
    if controls.get("_summary", "false") not in ("false", "count"):
        raise wrong("_summary", "count or false")
    return controls.get("_summary") == "count" or controls.get("_count") == "0"
