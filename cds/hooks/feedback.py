"""What users did with cards: `POST /cds-services/{id}/feedback`, from its bytes to the log.

Unknown keys and nulls are accepted, batches and repeats too. The uuid of a card that this service
does not remember is kept as well: feedback may come after the card has been forgotten, and
counts all the same. What cannot be read refuses the whole batch, naming the fields.
"""

import re
import uuid
from datetime import UTC, datetime
from typing import Annotated, Literal, Self

from anyio import CapacityLimiter, to_thread
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)
from pydantic.alias_generators import to_camel

from cds.client import Client
from cds.hooks.call_audit import CallAudit
from cds.hooks.discovery import HookService
from cds.hooks.reading import read_message
from cds.ports import CardFeedback, FeedbackLog

MOST_ITEMS = 200
"""Of one batch: what a client gathers in minutes, not in months."""
LONGEST_COMMENT = 2000
"""Characters kept of what a user wrote."""

_MOST_SUGGESTIONS = 20
_CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_YEARS = range(2000, 3000)
"""Outside them a moment is a mistake, and may have no equivalent in UTC."""


def _card_uuid(text: str) -> str:
    try:
        return str(uuid.UUID(text.removeprefix("urn:uuid:")))
    except ValueError:
        raise ValueError("is not the uuid of a card") from None


def _only_text(value: object) -> object:
    """A number would be read as seconds since 1970."""
    if not isinstance(value, str):
        raise ValueError("is not text, such as 2026-03-02T09:30:00Z")  # noqa: TRY004 - pydantic wants it
    return value


def _in_utc(moment: datetime) -> datetime:
    if moment.year not in _YEARS:
        raise ValueError("is not a moment of this century")
    return moment.astimezone(UTC)


def _plain(text: str) -> str:
    """Without control characters: PostgreSQL keeps no NUL, and terminals obey the rest."""
    return _CONTROL_CHARACTERS.sub("", text)


def _cut(text: str) -> str:
    return _plain(text)[:LONGEST_COMMENT]


_CardUuid = Annotated[str, AfterValidator(_card_uuid)]
_Moment = Annotated[AwareDatetime, BeforeValidator(_only_text), AfterValidator(_in_utc)]
_Code = Annotated[str, Field(max_length=64), AfterValidator(_plain)]
_Uri = Annotated[str, Field(max_length=255), AfterValidator(_plain)]


class _Received(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel)


class _AcceptedSuggestion(_Received):
    id: Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_plain)]


class _Reason(_Received):
    code: _Code | None = None
    system: _Uri | None = None


class _OverrideReason(_Received):
    reason: _Reason | None = None
    user_comment: Annotated[str, AfterValidator(_cut)] | None = None


class _Item(_Received):
    card: _CardUuid
    outcome: Literal["accepted", "overridden"]
    outcome_timestamp: _Moment
    accepted_suggestions: Annotated[tuple[_AcceptedSuggestion, ...], Field(max_length=_MOST_SUGGESTIONS)] | None = None
    override_reason: _OverrideReason | None = None

    @model_validator(mode="after")
    def _says_what_was_accepted(self) -> Self:
        if self.outcome == "accepted" and not self.accepted_suggestions:
            raise ValueError("acceptedSuggestions is missing, which an accepted outcome requires")
        return self

    def as_feedback(self) -> CardFeedback:
        override = self.override_reason or _OverrideReason()
        reason = override.reason or _Reason()
        return CardFeedback(
            card_id=self.card,
            outcome=self.outcome,
            at=self.outcome_timestamp,
            accepted=tuple(each.id for each in self.accepted_suggestions or ()),
            reason_code=reason.code or None,
            reason_system=reason.system or None,
            comment=override.user_comment or None,
        )


class FeedbackBatch(_Received):
    """What a CDS Client sends."""

    feedback: Annotated[tuple[_Item, ...], Field(min_length=1, max_length=MOST_ITEMS)]


class FeedbackKept(BaseModel):
    """What is answered: nothing. The standard asks for no content."""

    model_config = ConfigDict(extra="forbid")


class FeedbackDesk:
    """Takes feedback and keeps it."""

    def __init__(self, log: FeedbackLog, audit: CallAudit, threads: int) -> None:
        self._log = log
        self._audit = audit
        self._threads = CapacityLimiter(threads)

    async def take(self, service: HookService, body: bytes, client: Client) -> None:
        """Keep one batch, all of it or nothing; raises `Problem`."""
        async with self._audit.row("feedback", service.service_id, client) as note:
            items = [item.as_feedback() for item in read_message(FeedbackBatch, body).feedback]
            await to_thread.run_sync(self._log.keep, service.service_id, client.issuer, items, limiter=self._threads)
            note.outcome, note.detail = "kept", f"{len(items)} items"
