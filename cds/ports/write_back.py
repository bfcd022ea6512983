"""Results in the EHRs that want them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from cds.ehr import Delivery, DeliveryState, RemoteResource, Written
from cds.ports.results import StoredResult


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A result as an EHR is told of it."""

    result: StoredResult
    bundle: bytes
    """Its rendering as it stands now."""
    replaces: RemoteResource | None = None
    """The Observation, on the same server, of an earlier measurement of the same images."""


class Ehr(Protocol):
    """Keeps results for one EHR; each call may be repeated, and then changes nothing.

    Raises `EhrUnavailable`, `EhrRefused`, and where a patient is looked for `PatientUnresolved`.
    """

    def write(self, outgoing: Outgoing) -> Written:
        """Create what is not there yet."""

    def amend(self, outgoing: Outgoing, remote: Sequence[RemoteResource], *, corrected: bool) -> Written:
        """Bring what is there up to date; `corrected`: a value was wrong."""

    def take_back(self, outgoing: Outgoing, remote: Sequence[RemoteResource], why: str) -> Written:
        """Mark what is there as entered in error; looked for by identifier where `remote` is empty."""


@dataclass(frozen=True, slots=True)
class DueDelivery:
    """A delivery that this worker alone works on now."""

    delivery: Delivery
    outgoing: Outgoing
    withdrawn_why: str | None
    """None while the result is shown."""
    lease: str


class Outbox(Protocol):
    """Keeps which result goes to which EHR, and how far that is; nothing in it is lost or done twice at once."""

    def offer(self, ehr: str, result_id: str) -> None:
        """Put it in, unless it is in already."""

    def reopen_changed(self) -> int:
        """Whatever was reviewed, measured again or withdrawn since it was settled waits again; how many."""

    def claim(self, ehr: str, *, only_withdrawn: bool) -> DueDelivery | None:
        """The next one that is due, withdrawn results first; it comes back by itself if the worker dies."""

    def settle(self, due: DueDelivery, delivery: Delivery) -> None:
        """How it ended; nothing is changed where another worker has taken over in the meantime."""

    def hold(self, ehr: str, until: datetime) -> None:
        """Nothing of this EHR is due before that moment."""

    def listed(self, states: Collection[DeliveryState] = ()) -> Sequence[Delivery]:
        """All of these states, or of any; by EHR, the one that waits longest first."""

    def of(self, result_id: str) -> Sequence[Delivery]:
        """Where a result went, or is to go."""

    def retry(self, result_id: str | None = None) -> int:
        """What was given up or is unresolved or waits is due at once; how many."""
