"""From an answer to the cards that a clinician sees.

a result                       -> as `judgement` says
no earlier CT to measure       -> no card
images of somebody else        -> no card
queued or being measured       -> no card, or "being measured" where the site wants it
the slow path has been away    -> a card that says so
"""

import uuid
from dataclasses import dataclass
from datetime import datetime

from cds.hooks.detail import not_assessable_detail, result_detail, trouble_detail
from cds.hooks.finding import finding_of
from cds.hooks.judgement import Presentation, judge
from cds.hooks.messages import Card, Link, Source
from cds.hooks.orders import Asked
from cds.hooks.suggestion import OVERRIDE_REASONS, dxa_suggestion
from cds.hooks.summary import summary_of
from cds.ports import ReportLinks, ShownCard, ShownCards, StoredResult, Trouble
from cds.screening import Answer, Known, Pending, Unavailable

_SOURCE = Source(label="osteocds")
_CARD_NAMES = uuid.UUID("adfbc9b5-50be-461a-b454-a7109b52c261")
"""Namespace of card ids: the same finding has the same id whenever it is shown."""

_AWAY = {
    "archive": "the imaging archive cannot be reached",
    "workers": "no worker is measuring",
    "queue": "measurements cannot be queued",
    "measurement": "the measurement failed",
}


@dataclass(frozen=True, slots=True)
class CardRules:
    """What the site wants to see."""

    notice: str
    show_normal: bool = False
    show_being_measured: bool = False


@dataclass(frozen=True, slots=True)
class CardMaker:
    """Turns answers into cards; the only state is which cards were shown once."""

    links: ReportLinks
    shown: ShownCards
    rules: CardRules

    def cards_for(self, answer: Answer, asked: Asked, now: datetime) -> tuple[Card, ...]:
        """No card, or one."""
        match answer:
            case Known(result, stale):
                card = self._result_card(result, asked, now, stale=stale)
            case Pending(since) if self.rules.show_being_measured:
                card = self._being_measured(since)
            case Unavailable(trouble):
                card = self._unavailable(trouble)
            case _:
                card = None
        return () if card is None else (card,)

    def _result_card(self, result: StoredResult, asked: Asked, now: datetime, *, stale: bool) -> Card | None:
        shown_as = judge(result.assessment, show_normal=self.rules.show_normal)
        if shown_as is None:
            return None
        card = self._written_card(result, shown_as, asked, now, stale=stale)
        told = ShownCard(card.uuid, result.result_id, finding_of(result.assessment), asked.user, "")
        if shown_as.once and self.shown.last_shown(told) is not None:
            return None
        self.shown.note(told, result.patient.key)
        return card

    def _written_card(
        self, result: StoredResult, shown_as: Presentation, asked: Asked, now: datetime, *, stale: bool
    ) -> Card:
        assessment, notice = result.assessment, self.rules.notice
        name = uuid.uuid5(_CARD_NAMES, f"result {result.result_id}")
        supports = shown_as.suggest_dxa and asked.orders_dxa
        suggests = shown_as.suggest_dxa and not asked.orders_dxa
        suggestions = (dxa_suggestion(assessment, asked, name, now),) if suggests else None
        detail = (
            result_detail(result, notice, stale=stale, supports_dxa=supports)
            if assessment.status == "assessed"
            else not_assessable_detail(result, notice)
        )
        return Card(
            uuid=str(name),
            summary=summary_of(assessment, dxa_ordered=asked.orders_dxa),
            indicator=shown_as.indicator,
            source=_SOURCE,
            detail=detail,
            suggestions=suggestions,
            selection_behavior="at-most-one" if suggestions else None,
            override_reasons=OVERRIDE_REASONS if suggestions else None,
            links=(Link(label="Bone density report", url=self.links.url_for(result, now)),),
        )

    def _being_measured(self, since: datetime) -> Card:
        return Card(
            uuid=str(uuid.uuid5(_CARD_NAMES, f"pending {since.isoformat()}")),
            summary="Bone density: earlier CTs are being looked up and measured; no result yet",
            indicator="info",
            source=_SOURCE,
            detail="The result, if there is one, will be shown with the next order.",
        )

    def _unavailable(self, trouble: Trouble) -> Card:
        return Card(
            uuid=str(uuid.uuid5(_CARD_NAMES, f"away {trouble.what}")),
            summary=f"Bone density from earlier CT is not available: {_AWAY[trouble.what]}",
            indicator="info",
            source=_SOURCE,
            detail=trouble_detail(trouble, self.rules.notice),
        )
