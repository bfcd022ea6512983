"""From an answer to the cards that a clinician sees.

a result                       -> as `judgement` says
no earlier CT to measure       -> no card
images of somebody else        -> no card
queued or being measured       -> no card, or "being measured" where the site wants it
the slow path has been away    -> a card that says so
and whatever the answer        -> no card where the chart alone forbids every card
"""

import uuid
from dataclasses import dataclass, replace
from datetime import datetime

from cds.bone.words import fractured_levels
from cds.chart import ChartFacts
from cds.hooks.conditions import Case
from cds.hooks.detail import Told, not_assessable_detail, result_detail, trouble_detail
from cds.hooks.finding import finding_of
from cds.hooks.judgement import SUGGEST, SUPPORT, is_silent, judge
from cds.hooks.messages import Card, Link, Source, Suggestion
from cds.hooks.orders import Asked
from cds.hooks.override_reasons import OVERRIDE_REASONS
from cds.hooks.rules import CardRules
from cds.hooks.suggestion import dxa_suggestion, reason_suggestion, reasons_of
from cds.hooks.summary import summary_of
from cds.ports import NOTHING_TOLD, CardMemory, Recalled, ReportLinks, ShownCard, StoredResult, Telling, Trouble
from cds.screening import Answer, Known, Pending, Unavailable

_SOURCE = Source(label="osteocds")
_CARD_NAMES = uuid.UUID("adfbc9b5-50be-461a-b454-a7109b52c261")
"""Namespace of card ids: the same finding told to the same user has the same id whenever it is shown."""

_AWAY = {
    "archive": "the imaging archive cannot be reached",
    "workers": "no worker is measuring",
    "queue": "measurements cannot be queued",
    "measurement": "the measurement failed",
}


@dataclass(frozen=True, slots=True)
class _History:
    """What this user did with this card before. Someone without a name may be anybody: nothing is held against them."""

    user: str | None
    recalled: Recalled

    def overridden_at(self) -> datetime | None:
        return None if self.user is None else self.recalled.overridden_at

    def told_at(self) -> datetime | None:
        return None if self.user is None else self.recalled.told_at

    def told_to_anyone_at(self) -> datetime | None:
        return self.recalled.told_at

    def told_otherwise(self) -> bool:
        return self.recalled.told_otherwise_at is not None


@dataclass(frozen=True, slots=True)
class CardsDue:
    """What is about to be shown, and what to remember once it is: somebody who got no answer was told nothing."""

    cards: tuple[Card, ...] = ()
    telling: Telling = NOTHING_TOLD


@dataclass(frozen=True, slots=True)
class CardMaker:
    """Turns answers into cards; the only state is what was shown to whom, and what they did with it."""

    links: ReportLinks
    memory: CardMemory
    rules: CardRules

    def cards_for(self, answer: Answer, asked: Asked, facts: ChartFacts, now: datetime) -> CardsDue:
        """No card, or one; nothing is remembered yet."""
        match answer:
            case _ if is_silent(facts):
                return CardsDue()
            case Known(result, stale):
                return self._result_card(result, asked, facts, now, stale=stale)
            case Pending(since) if self.rules.show_being_measured:
                return CardsDue((self._being_measured(since),))
            case Unavailable(trouble):
                return CardsDue((self._unavailable(trouble),))
            case _:
                return CardsDue()

    def _result_card(
        self, result: StoredResult, asked: Asked, facts: ChartFacts, now: datetime, *, stale: bool
    ) -> CardsDue:
        showing = _showing(result, asked)
        case = Case(
            assessment=result.assessment,
            corrected=result.correction is not None,
            facts=facts if facts.birth_date else replace(facts, birth_date=result.patient.birth_date),
            rules=self.rules,
            memory=_History(showing.user, self.memory.recall(showing, asked.client or "")),
            now=now,
            dxa_drafted=asked.orders_dxa,
        )
        shown_as = judge(case)
        if shown_as is None:
            return CardsDue()
        card = self._written_card(Told(result, shown_as, facts, stale), asked, uuid.UUID(showing.card_id), now)
        return CardsDue((card,), Telling(showing))

    def _written_card(self, told: Told, asked: Asked, name: uuid.UUID, now: datetime) -> Card:
        assessment, notice = told.result.assessment, self.rules.notice
        assessed = assessment.status == "assessed"
        suggestion = self._suggestion(told, asked, name, now)
        return Card(
            uuid=str(name),
            summary=summary_of(assessment, told.shown_as, is_corrected=told.result.correction is not None),
            indicator=told.shown_as.indicator,
            source=_SOURCE,
            detail=result_detail(told, notice) if assessed else not_assessable_detail(told, notice),
            suggestions=(suggestion,) if suggestion else None,
            selection_behavior="at-most-one" if suggestion else None,
            override_reasons=OVERRIDE_REASONS if assessed or fractured_levels(assessment) else None,
            links=self._links(told.result, now),
        )

    def _suggestion(self, told: Told, asked: Asked, name: uuid.UUID, now: datetime) -> Suggestion | None:
        reasons = reasons_of(told.result.assessment, told.facts.own_observations.get(told.result.result_id))
        if told.shown_as.dxa == SUGGEST:
            return dxa_suggestion(reasons, asked, self.rules, name, now)
        if told.shown_as.dxa == SUPPORT and asked.dxa_draft is not None:
            return reason_suggestion(reasons, asked.dxa_draft, name)
        return None

    def _links(self, result: StoredResult, now: datetime) -> tuple[Link, ...]:
        report = Link(label="Bone density report", url=self.links.url_for(result, now))
        if self.rules.smart_launch_url is None:
            return (report,)
        return (
            report,
            Link(
                label="Bone density report in the EHR",
                url=self.rules.smart_launch_url,
                type="smart",
                app_context=result.result_id,
            ),
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


def _showing(result: StoredResult, asked: Asked) -> ShownCard:
    """This finding told to this user in this call; the card's id is the same in every call."""
    finding, user = finding_of(result.assessment), asked.told_to
    return ShownCard(
        card_id=str(uuid.uuid5(_CARD_NAMES, "\n".join((result.result_id, finding, user or "")))),
        result_id=result.result_id,
        finding=finding,
        user=user,
        service=asked.service,
        call=str(uuid.uuid5(_CARD_NAMES, asked.hook_instance)) if asked.hook_instance else "",
    )
