"""The FHIR server that a hook names."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from cds.errors import OsteocdsError


class ChartUnreadable(OsteocdsError):
    """The chart could not be read, or may not be: the message says which, without patient data."""


@dataclass(frozen=True, slots=True)
class ChartAccess:
    """The FHIR server that a hook names and what opens it; lives as long as the call, and is kept nowhere."""

    server: str
    token: str | None = field(default=None, repr=False)
    allowed_origins: tuple[str, ...] | None = None
    """Origins that this client may name; narrows what the site allows. None: whatever the site allows."""


FhirPages = tuple[Mapping[str, object], ...]
"""Parsed JSON, as sent: one resource, or the pages of a searchset Bundle in order."""


class PatientChart(Protocol):
    """Reads from the FHIR server that a hook names, if the site allows that server."""

    async def fetch(
        self, access: ChartAccess, queries: Mapping[str, str]
    ) -> Mapping[str, "FhirPages | ChartUnreadable"]:
        """All queries at once, within one time limit; each key has its pages, or why there are none.

        A query is relative, such as "Patient/1" or "Condition?patient=1", or the address of a
        further page on the same origin.
        """
