"""A stored FHIR resource, and what may be asked about many of them; no SQL, no HTTP.

A moment is a number here: milliseconds since 1970, as fine as a FHIR instant. Moments of stored
versions grow with each commit, so whoever remembers one has seen everything up to it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, NamedTuple

SERVED_TYPES = ("Patient", "ImagingStudy", "Device", "Observation", "DiagnosticReport", "Provenance")
SEARCHED_TYPES = ("Observation", "DiagnosticReport")
ACCEPTED_TYPE = "DiagnosticReport"
"""What a reader accepts: the report, and with it its Observations."""

UNKNOWN_DAY = date.min
"""Stands for the day of a scan that has none; before every day that one can ask for."""


@dataclass(frozen=True, slots=True)
class ResourceVersion:
    """One version of one resource."""

    type: str
    id: str
    version: int
    last_updated: int
    body: bytes
    """JSON without a newline, as served; `meta` carries version and moment."""
    effective: date = UNKNOWN_DAY
    patient: str = ""
    """Id of its Patient; "" where it belongs to none."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Whose resources a caller sees."""

    tenant: str
    groups: tuple[str, ...] | None = None
    """Names of member lists; None for every patient of the tenant."""


class Token(NamedTuple):
    """`system|code` of a search; None where that half was left out."""

    system: str | None
    code: str | None


@dataclass(frozen=True, slots=True)
class OneOf:
    """The column has one of these values; none of them: nothing matches."""

    field: Literal["id", "patient", "patient_id", "status"]
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Coded:
    """One of the codes is one of these tokens."""

    field: Literal["codes", "categories", "identifier"]
    tokens: tuple[Token, ...]


class Interval(NamedTuple):
    """From `low` up to, but without, `high`; None for no end."""

    low: date | int | float | None
    high: date | int | float | None


@dataclass(frozen=True, slots=True)
class Within:
    """The column lies in one of these intervals."""

    field: Literal["effective", "last_updated", "value"]
    intervals: tuple[Interval, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """All criteria of one of these groups hold; of no group, nothing."""

    groups: tuple[tuple["Criterion", ...], ...]


Criterion = OneOf | Coded | Within | AnyOf


@dataclass(frozen=True, slots=True)
class Sort:
    """By one column, then by id, so that the order is total."""

    field: Literal["last_updated", "effective"] = "last_updated"
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Position:
    """The last resource that was given out: the next page begins behind it."""

    key: date | int
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceSearch:
    """All criteria hold (one of the alternatives within each), as things stood at a moment."""

    type: str
    reach: Reach
    as_of: int
    criteria: tuple[Criterion, ...] = ()
    sort: Sort = Sort()
    after: Position | None = None


def position_of(resource: ResourceVersion, sort: Sort) -> Position:
    """Where a page ends that ends with this resource."""
    return Position(resource.last_updated if sort.field == "last_updated" else resource.effective, resource.id)


Found = Sequence[ResourceVersion]
