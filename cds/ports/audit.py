"""Who did what to whose data, and what each call told its user."""

from dataclasses import dataclass
from typing import Final, Protocol

from cds.ct.patient import PatientKey
from cds.ports.cards import ShownCard
from cds.retraction import Retraction


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One thing that happened."""

    event: str
    patient: PatientKey | None
    outcome: str
    detail: str = ""
    caller: str | None = None
    """The client and user on whose behalf it happened."""


class AuditLog(Protocol):
    """Keeps who did what to whose data; no values, no names."""

    def record(
        self, event: str, patient: PatientKey | None, outcome: str, detail: str = "", *, caller: str | None = None
    ) -> None:
        """Add one row; `caller` is the client and user on whose behalf it happened."""


@dataclass(frozen=True, slots=True)
class Telling:
    """What one call tells its user."""

    shown: ShownCard | None = None
    retracted: tuple[Retraction, ...] = ()
    user: str | None = None
    """As `ShownCard` has it."""
    call: str = ""
    """Which call tells of the retractions, as a digest; "" where unknown."""


NOTHING_TOLD: Final = Telling()


class CallLog(Protocol):
    """Keeps the audit row of a call, and remembers what the call told: both, or neither."""

    def record_call(self, row: AuditRow, telling: Telling) -> None:
        """On disk when this returns; what is told is about `row.patient`."""
