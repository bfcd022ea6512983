"""Which cards users saw, and what they did with them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class ShownCard:
    """A card as one user was told it."""

    card_id: str
    """Its uuid on the wire: the same whenever the same finding is told to the same user."""
    result_id: str
    finding: str
    """Digest of what was told; another one means that the result has changed."""
    user: str | None
    """Client and user, such as "https://ehr.example.org Practitioner/7"; users without a name count as one."""
    service: str
    call: str = ""
    """Which hook call told it, as a digest; the same call asked again is not another telling. "" where unknown."""


@dataclass(frozen=True, slots=True)
class Recalled:
    """What a user did with a card before."""

    told_at: datetime | None = None
    """When this finding was last shown to this user, by whichever service, in another call than this."""
    overridden_at: datetime | None = None
    """When the user last overrode the card."""
    told_otherwise_at: datetime | None = None
    """When this user was last told another finding of the same result, if that is the last that they were told."""


class CardMemory(Protocol):
    """Remembers which cards were shown to whom and what became of them, so that nobody is told the same twice."""

    def recall(self, card: ShownCard, client: str) -> Recalled:
        """Of this card, and of what this client reported of it."""


@dataclass(frozen=True, slots=True)
class CardFeedback:
    """What a user did with a card, as the client reports it."""

    card_id: str
    outcome: Literal["accepted", "overridden"]
    at: datetime
    accepted: tuple[str, ...] = ()
    """Ids of the suggestions taken."""
    reason_code: str | None = None
    reason_system: str | None = None
    comment: str | None = None
    """Free text of the user: kept, never logged."""


@dataclass(frozen=True, slots=True)
class FeedbackCount:
    """One line of the feedback report."""

    month: str
    """Such as "2026-11"."""
    service: str
    outcome: Literal["accepted", "overridden"]
    reason_code: str | None
    count: int


class FeedbackLog(Protocol):
    """Keeps what users did with cards; the same feedback again changes nothing."""

    def keep(self, service: str, client: str, items: Sequence[CardFeedback]) -> None:
        """All of them in one transaction; idempotent on card, outcome and time."""

    def counts(self) -> Sequence[FeedbackCount]:
        """Per month, service, outcome and reason."""
