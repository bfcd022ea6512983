"""A card that tells a clinician that a result they were shown was taken back: once to each user, in the next hook."""

import uuid
from dataclasses import dataclass, replace

from cds.bone.words import day_words
from cds.chart import ChartFacts
from cds.ct.patient import PatientKey
from cds.hooks.cards import CardsDue
from cds.hooks.judgement import is_silent
from cds.hooks.markdown import plain
from cds.hooks.messages import Card, Source
from cds.hooks.orders import Asked
from cds.ports import RetractionNotices
from cds.retraction import Retraction

_NAMES = uuid.UUID("6a0b9a5c-44dc-4a55-9a39-2d6a4e0c9b71")
"""Namespace of these cards' ids, and of calls: the same for the same user and result."""
_SOURCE = Source(label="osteocds")


@dataclass(frozen=True, slots=True)
class RetractionCards:
    """Asks who has to be told."""

    notices: RetractionNotices
    notice: str

    def before(self, due: CardsDue, patient: PatientKey, asked: Asked, facts: ChartFacts) -> CardsDue:
        """What has to be unlearnt comes first; nothing where the chart forbids every card."""
        if is_silent(facts):
            return due
        user = asked.told_to
        call = str(uuid.uuid5(_NAMES, asked.hook_instance)) if asked.hook_instance else ""
        retracted = self.notices.due(patient, user, call)
        if not retracted:
            return due
        cards = tuple(self._card(each, user) for each in retracted)
        telling = replace(due.telling, retracted=tuple(retracted), user=user, call=call)
        return CardsDue((*cards, *due.cards), telling)

    def _card(self, retraction: Retraction, user: str | None) -> Card:
        reason = plain(retraction.told).rstrip(".")
        return Card(
            uuid=str(uuid.uuid5(_NAMES, "\n".join((retraction.result_id, user or "")))),
            summary="Retracted: a bone density result that you were shown for this patient does not hold",
            indicator="warning",
            source=_SOURCE,
            detail=(
                f"It was taken back on {day_words(retraction.at.date())}: {reason}.\n\n"
                "Do not rely on it, and look again at what was decided because of it.\n\n"
                f"{plain(self.notice)}"
            ),
        )
