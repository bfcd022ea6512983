"""The archive sweep: every patient with a CT in a range of days is screened, politely, newest first.

for each day, newest first (or each patient of a list)
    for each of its CT studies
        whose is it, has the patient opted out, is the answer known or on its way?   -> counted
        otherwise wait: for the hours, for the rate, until few such orders wait      -> queued
    the cursor moves on

A sweep that is stopped, however, begins again with the day it was at; what it had queued is known by then.
Studies without a date are in no range: a hook still finds them.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from cds.clocks import lately
from cds.ct.patient import PatientKey
from cds.order import ImagingOrder
from cds.pace import Pace
from cds.ports import (
    AssessmentStore,
    Clock,
    NothingFound,
    OptOuts,
    QueueBacklog,
    ScreeningQueue,
    StoredResult,
    StudyIndex,
    SweepLog,
)
from cds.study import ArchiveIdentity, ListedStudy
from cds.sweep import Outcome, Sweep, SweepRequest

HOOK = "archive-sweep"
"""What the order says of where it comes from; hooks of clinicians go before it."""
_LOOK_AT_QUEUE_EVERY_S = 1.0
_REMEMBER_LOOK = timedelta(hours=24)
"""Studies arrive late, some years late: whoever was looked at longer ago is looked at again."""
_TIME_ZONES = timedelta(days=1)
"""Scanners date studies by their own day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweeping:
    """Goes through the archive's index and queues what is not known."""

    index: StudyIndex
    identity: ArchiveIdentity
    store: AssessmentStore
    queue: ScreeningQueue
    backlog: QueueBacklog
    opt_outs: OptOuts
    log: SweepLog
    clock: Clock
    pace: Pace
    generation: str
    ahead: int = 4
    """How many orders of sweeps may wait at once. Few: whatever is to stop the sweep stops it at once, and a
    clinician's order never finds a long queue of its kind."""
    sleep: Callable[[float], None] = time.sleep

    def run(self, request: SweepRequest, told: Callable[[Sweep], None] = lambda _: None) -> Sweep:
        """Go on where the same request stopped, or begin; `told` hears of every study and every unit.

        Raises `ArchiveUnavailable` and `QueueUnavailable`; called again, it goes on.
        """
        sweep = self.log.begin(request, self.clock.now())
        while not sweep.finished:
            seen: set[PatientKey] = set()
            outcomes: list[Outcome] = []
            for study in self._studies(request, sweep.done):
                outcomes.append(self._take(study, seen))
                told(_while_at_work(sweep, outcomes))
            sweep = sweep.after_unit(outcomes)
            self.log.keep(sweep)
            told(sweep)
        return sweep

    def _studies(self, request: SweepRequest, unit: int) -> Iterator[ListedStudy]:
        if request.patients is None:
            day = request.day(unit)
            return self.index.studies(day, day, before_request=self.pace.before_request)
        listed = request.patients[unit].patient_id.strip()
        found = self.index.studies(
            request.first_day, request.last_day, patient_id=listed, before_request=self.pace.before_request
        )
        # Archives match loosely: a study of somebody else may be among the answers.
        return (study for study in found if study.patient.patient_id.strip() == listed)

    def _take(self, study: ListedStudy, seen: set[PatientKey]) -> Outcome:
        patient = self.identity.of(study)
        if patient is None:
            return "refused"
        if self.opt_outs.has_opted_out(patient.key):
            return "opted-out"
        if patient.key in seen or self._is_known(study, patient.key):
            return "known"
        self._wait_for_room()
        state = self.queue.submit(ImagingOrder(patient, self.clock.now(), HOOK))
        seen.add(patient.key)
        return "failed-before" if state.state == "failed" else "queued"

    def _is_known(self, study: ListedStudy, patient: PatientKey) -> bool:
        """Queued, or answered with all that the archive has of the patient, this study included.

        What was refused because of who asked is not: a chart may have been wrong, or said too little.
        """
        if self.queue.state(patient).state in ("queued", "running"):
            return True
        match self.store.latest(patient):
            case StoredResult() as result if result.generation == self.generation:
                scanned, day = result.assessment.acquisition.study_date, study.study_date
                no_newer = scanned is not None and day is not None and day <= scanned
                return no_newer or self._was_looked_at(study, result.confirmed_at)
            case NothingFound() as nothing if not nothing.of_who_asked:
                return self._was_looked_at(study, nothing.looked_at)
            case _:
                return False

    def _was_looked_at(self, study: ListedStudy, looked_at: datetime) -> bool:
        """Whether a look into the archive, not long ago, met this study: one of that day may have come after it."""
        return (
            study.study_date is not None
            and study.study_date < (looked_at - _TIME_ZONES).date()
            and lately(looked_at, self.clock.now(), _REMEMBER_LOOK)
        )

    def _wait_for_room(self) -> None:
        self.pace.before_order()
        while self.backlog.waiting(HOOK) >= self.ahead:
            self.sleep(_LOOK_AT_QUEUE_EVERY_S)


def _while_at_work(sweep: Sweep, outcomes: list[Outcome]) -> Sweep:
    """The counts so far, the cursor where it was."""
    at_work = sweep.after_unit(outcomes)
    return Sweep(sweep.sweep_id, sweep.started_at, sweep.units, sweep.done, at_work.counts)
