"""A reader who comes from an EHR: who that is, and whose result they look at."""

from dataclasses import dataclass
from datetime import datetime

from cds.ct.patient import PatientIdentity
from cds.errors import OsteocdsError
from cds.reader import Reader


class LaunchRefused(OsteocdsError):
    """A launch that names nobody; the reason is for log and audit, never for the caller."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the launch was refused: {reason}")
        self.reason = reason
        """A code such as "state-differs"; nothing that the caller wrote."""


@dataclass(frozen=True, slots=True)
class LaunchBegun:
    """Where the browser goes next, and what it must bring back."""

    address: str
    state: str
    """The browser comes back with it; each launch has another."""
    sealed: str
    """Opaque; only this service can read it."""


@dataclass(frozen=True, slots=True)
class Launched:
    """Whom the EHR vouches for."""

    reader: Reader
    """Whose identity is `fhirUser`, as an address."""
    patient: PatientIdentity
    """Of the launch context, as the archive knows them."""
    app_context: str | None = None
    """What a card's link said: the id of a result."""


@dataclass(frozen=True, slots=True)
class ReadingSession:
    """One reader, one result, for a while."""

    reader: Reader
    result_id: str
    expires_at: datetime
    place: str
    """The last step of the address where it is shown, which is its own and tells nothing."""
