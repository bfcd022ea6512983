"""The watch over the archive: new CT are measured before anyone asks.

Archives do not say when a study arrived, only of which day it is. So the watch asks for days and remembers what
it saw there (by a digest), with the number of objects:

never seen, or grown since the last look -> it may still be arriving: looked at again
as it was at the last look               -> its patient's screening is queued, after all that clinicians ask for
queued, opted out, of another issuer     -> settled, until it grows

Every look asks for today, yesterday, and back to the oldest study that is not settled; once a day a look goes 30
days back, for studies that arrive late. What arrives later still is found by a hook, which always asks the archive,
or by a sweep. The very first look settles what is there: the past is for `osteocds screen`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cds.order import ImagingOrder
from cds.ports import Clock, OptOuts, QueueBacklog, ScreeningQueue, SeenStudies, StudyIndex
from cds.study import ArchiveIdentity, ListedStudy, SeenStudy

HOOK = "archive-watch"
_NEAR = timedelta(days=1)
_FAR = timedelta(days=30)
_FAR_EVERY = timedelta(hours=24)
_AHEAD_OF_CLOCK = timedelta(days=1)
"""Studies may be dated by a scanner in another time zone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveWatching:
    """An errand of workers: of any number of them, one does each look."""

    index: StudyIndex
    identity: ArchiveIdentity
    queue: ScreeningQueue
    backlog: QueueBacklog
    opt_outs: OptOuts
    seen: SeenStudies
    clock: Clock
    every: timedelta
    at_most_waiting: int = 16
    """Orders of the watch that may wait at once; the rest is queued at later looks."""

    def look(self) -> None:
        """If it is time; raises `ArchiveUnavailable` and `QueueUnavailable`, and the next look makes up for it."""
        now = self.clock.now()
        turn = self.seen.take_turn(now, self.every, _FAR_EVERY)
        if turn is None:
            return
        oldest = now.date() - (_FAR if turn.far or turn.first else _NEAR)
        begin = min(filter(None, (oldest, self.seen.oldest_unsettled())))
        known = self.seen.since(begin)
        room = self.at_most_waiting - self.backlog.waiting(HOOK)
        look = _Look(self, known, now, room, settle_all=turn.first)
        for study in self.index.studies(begin, (now + _AHEAD_OF_CLOCK).date()):
            look.at(study)
        self.seen.keep(look.changed)
        self.seen.forget_before(now.date() - _FAR - _NEAR)
        if turn.far or turn.first:
            self.seen.looked_far(now)


@dataclass(slots=True)
class _Look:
    """One look, and what it changes."""

    watching: ArchiveWatching
    known: Mapping[str, SeenStudy]
    now: datetime
    room: int
    settle_all: bool
    changed: list[SeenStudy] = field(default_factory=list)

    def at(self, study: ListedStudy) -> None:
        before, day = self.known.get(study.digest), study.study_date
        if day is None:
            return
        same = before is not None and before.instances == study.instances
        if before is not None and same and before.settled:
            return
        settled = self.settle_all or (same and self._settle(study))
        if before is None or not same or settled:
            self.changed.append(SeenStudy(study.digest, day, study.instances, settled))

    def _settle(self, study: ListedStudy) -> bool:
        """Whether nothing more is to be done about it."""
        patient = self.watching.identity.of(study)
        if patient is None or self.watching.opt_outs.has_opted_out(patient.key):
            return True
        if self.room <= 0:
            return False
        # One that runs may have looked into the archive before this study was whole: asked again next time.
        queued = self.watching.queue.submit(ImagingOrder(patient, self.now, HOOK)).state == "queued"
        self.room -= queued
        return queued
