"""An EHR as a place where results are kept too: what of ours lies there, how far that is, what can go wrong.

No FHIR in it, and no patient data: a reason is words of our own, codes or numbers.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from cds.errors import OsteocdsError

DeliveryState = Literal["waiting", "written", "taken-back", "unresolved", "given-up", "not-needed"]
"""waiting: to be written, amended or taken back, as soon as that is possible
written: the EHR has it as it stands here
taken-back: the EHR has it as entered in error, or has removed it itself
unresolved: the EHR does not say beyond doubt who the patient is; kept, tried again each day
given-up: the EHR refuses it; an operator has to look
not-needed: withdrawn before it was written, or the patient has opted out
"""


@dataclass(frozen=True, slots=True)
class RemoteResource:
    """A resource of ours on an EHR's server."""

    type: str
    identifier: str
    """Ours: it carries patient, series and generation, and for a vertebra its level."""
    id: str
    """The server's."""
    version: str | None = None
    """As last written or read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One result on its way to one EHR."""

    ehr: str
    result_id: str
    state: DeliveryState
    attempts: int = 0
    """In vain, since it last succeeded or changed."""
    next_at: datetime
    why: str = ""
    """What kept it from being written, for operators."""
    remote: tuple[RemoteResource, ...] = ()
    told: str | None = None
    """Digest of the value that was written; another one means that the EHR's is wrong."""


@dataclass(frozen=True, slots=True)
class Written:
    """What lies on the EHR's server now."""

    remote: tuple[RemoteResource, ...]
    existed: bool = False
    """It was there before, so perhaps as it stood then."""


class EhrUnavailable(OsteocdsError):
    """The EHR cannot take anything now, or not this; trying again later may help."""

    def __init__(self, why: str, wait: timedelta | None = None, *, concerns_all: bool = True) -> None:
        super().__init__(why)
        self.wait = wait
        """What the EHR asked for; None where it did not say."""
        self.concerns_all = concerns_all
        """Not this result alone: nothing else is sent until then."""


class EhrRefused(OsteocdsError):
    """The EHR will not take this, however often it is offered."""


class PatientUnresolved(OsteocdsError):
    """The EHR does not say beyond doubt who the patient is; nothing is written."""
