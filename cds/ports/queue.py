"""The way of an order from the hook to a worker."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from cds.ct.patient import PatientKey
from cds.order import ImagingOrder


@dataclass(frozen=True, slots=True)
class ScreenState:
    """Where the slow path stands for one patient."""

    state: Literal["none", "queued", "running", "done", "failed"]
    since: datetime | None = None
    why: str | None = None


class ScreeningQueue(Protocol):
    """Takes orders for the slow path and never loses one; raises `QueueUnavailable`."""

    def submit(self, order: ImagingOrder) -> ScreenState:
        """Queue the patient's screening unless it is queued or running already."""

    def state(self, patient: PatientKey) -> ScreenState:
        """Where the patient's screening stands."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something the slow path needs has been away, or failed for this patient, since a moment."""

    what: Literal["archive", "workers", "queue", "measurement"]
    since: datetime


class ServiceHealth(Protocol):
    """What the workers report about themselves and the archive, through the database."""

    def trouble(self) -> Trouble | None:
        """What has been unavailable, and since when; None while all is well."""


class QueueBacklog(Protocol):
    """How much waits that nobody waits for; raises `QueueUnavailable`."""

    def waiting(self, hook: str) -> int:
        """Orders of this origin that are queued, put off, or running."""
