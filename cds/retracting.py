"""Results are taken back: which ones are meant is shown first, then they are taken back everywhere.

own store     withdrawn with the reason, rendered as entered in error; measuring the same again does not bring it back
other places  charts, archive, exports: told at once, or by a worker as soon as they can be told
clinicians    who saw a card of it are told by the next hook; links to its report say why it is gone
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import structlog

from cds.ct.patient import PatientKey
from cds.errors import OsteocdsError
from cds.ports import AuditLog, Clock, ResultPlace, ResultPublisher, Retractions, Review, StoredResult
from cds.recalling import matches
from cds.retraction import Recall, Retraction, RetractionKind


@dataclass(frozen=True, slots=True)
class Planned:
    """One result that would be taken back, and where it is."""

    result: StoredResult
    seen_by: int
    """Users who saw a card of it."""
    places: tuple[str, ...]
    """What is there, in words."""
    remark: str = ""
    """Why an operator should look twice."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why results are taken back, and by whom."""

    kind: RetractionKind
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class _Told:
    sentence: str
    finished: bool = True


@dataclass(frozen=True, slots=True)
class Retracting:
    """Whoever takes results back comes through here."""

    retractions: Retractions
    publisher: ResultPublisher
    places: Sequence[ResultPlace]
    audit: AuditLog
    clock: Clock

    def plan(self, recall: Recall) -> Iterator[Planned]:
        """Every result that is meant; nothing is changed."""
        for result in self.retractions.candidates(recall):
            meant, remark = matches(recall, result)
            if meant:
                held = (f"{place.name}: {there}" for place in self.places if (there := place.holds(result)))
                yield Planned(result, self.retractions.seen_by(result.result_id), tuple(held), remark)

    def retract(self, result: StoredResult, verdict: Verdict) -> Sequence[str]:
        """Take it back here, then everywhere; what was done, one sentence each."""
        now = self.clock.now()
        retraction = Retraction(result.result_id, verdict.kind, verdict.reason, verdict.by, now)
        number = 1 if result.review is None else result.review.number + 1
        rejected = replace(result, review=Review(verdict.by, "rejected", now, number, retraction.told, verdict.kind))
        names = [place.name for place in self.places]
        if not self.retractions.keep(retraction, self.publisher.render(rejected), names):
            return ("it was taken back before",)
        self._note(result.patient.key, verdict.kind, result.result_id, verdict.by)
        return ("own store: withdrawn", *(self._told(place, result, retraction).sentence for place in self.places))

    def finish(self) -> None:
        """Tell those places that could not be told yet; run regularly by every worker."""
        by_name = {place.name: place for place in self.places}
        for retraction, result, names in self.retractions.unfinished():
            for name in names:
                if name in by_name and not self._told(by_name[name], result, retraction).finished:
                    del by_name[name]  # away: the others of it wait for the next round

    def _told(self, place: ResultPlace, result: StoredResult, retraction: Retraction) -> _Told:
        try:
            done = place.take_back(result, retraction)
        except OsteocdsError as fault:
            structlog.get_logger().warning("place-not-told", place=place.name, result=result.result_id, why=str(fault))
            return _Told(f"{place.name}: not yet ({fault}); a worker tries again", finished=False)
        self.retractions.finished(result.result_id, place.name)
        self._note(result.patient.key, place.name, f"{result.result_id}: {done}", retraction.by)
        return _Told(f"{place.name}: {done}")

    def _note(self, whose: PatientKey, outcome: str, detail: str, by: str) -> None:
        """What was done stands in the detail, whole: who has fetched an export has to be told by somebody."""
        self.audit.record("result-retracted", whose, outcome, detail, caller=by)
