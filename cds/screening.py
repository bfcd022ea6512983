"""The whole story, top-down.

answer    a hook asks about a patient; what is known is told at once, else work is queued
choose    which earlier CT, which series, and why not the others
measure   retrieve, segment, calibrate, measure, assess: one CT becomes one assessment
publish   render for charts and registries, store, and let the next hook find it

`answer` is fast and touches the store and the queue alone. The other three are the slow path;
`cds.durable` runs them as steps and checkpoints identifiers and the assessment between them.
"""

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cds.bone.assess import assess_volume, levels_to_outline, not_assessable
from cds.bone.assessment import Assessment, Software
from cds.ct.acquisition import CtSeries
from cds.ct.patient import PatientCheck, PatientIdentity, check_patient
from cds.ct.reason import NotAssessable, Reason, because
from cds.ct.selection import SelectionPolicy, select_series
from cds.errors import QueueUnavailable, StudyVanished
from cds.order import ImagingOrder
from cds.ports import (
    AssessmentStore,
    AuditLog,
    Clock,
    HuCalibrator,
    ImagingArchive,
    NothingFound,
    Progress,
    ResultPublisher,
    ScreeningQueue,
    ServiceHealth,
    StoredResult,
    Trouble,
    VertebraSegmenter,
)

# -- answer ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Known:
    """There is a result; `stale` when an older model made it and a new one is on its way."""

    result: StoredResult
    stale: bool = False


@dataclass(frozen=True, slots=True)
class Pending:
    """The measurement is queued or running."""

    since: datetime


@dataclass(frozen=True, slots=True)
class NoPrior:
    """The archive was asked: there is no CT to measure."""

    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class IdentityRefused:
    """Chart and images contradict each other about who this is: no value, no card."""


@dataclass(frozen=True, slots=True)
class Unavailable:
    """The slow path is away: said so, never an empty answer."""

    trouble: Trouble


Answer = Known | Pending | NoPrior | IdentityRefused | Unavailable


@dataclass(frozen=True, slots=True)
class AnswerPolicy:
    """How long knowledge stays fresh, and which generation is current."""

    generation: str
    confirm_every: timedelta = timedelta(hours=24)
    remember_nothing_found: timedelta = timedelta(hours=24)
    tolerate_trouble: timedelta = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Answering:
    """The fast path."""

    store: AssessmentStore
    queue: ScreeningQueue
    health: ServiceHealth
    audit: AuditLog
    clock: Clock
    policy: AnswerPolicy

    def answer(self, order: ImagingOrder) -> Answer:
        """What is known about the patient now; asking again is free.

        a result whose images contradict the chart     -> refused, audited
        a result, confirmed lately, current generation -> known
        a result, confirmed lately, older generation   -> known, measured again behind the scenes
        a result, not confirmed lately                 -> asked again before it is shown
        nothing usable, looked lately                  -> no prior CT
        otherwise                                      -> queued; unavailable if that cannot work
        """
        now = self.clock.now()
        match self.store.latest(order.patient.key):
            case StoredResult() as result if _contradicts(result.patient, order.patient):
                self.audit.record("identity-mismatch", order.patient.key, "refused", "stored result")
                return IdentityRefused()
            case StoredResult() as result if now - result.confirmed_at <= self.policy.confirm_every:
                stale = result.generation != self.policy.generation
                if stale:
                    self._queued(order, now)
                return Known(result, stale)
            case NothingFound() as nothing if now - nothing.looked_at <= self.policy.remember_nothing_found:
                return NoPrior(nothing.reasons)
            case _:
                return self._queued(order, now)

    def _queued(self, order: ImagingOrder, now: datetime) -> Answer:
        try:
            state = self.queue.submit(order)
        except QueueUnavailable:
            return Unavailable(Trouble("queue", now))
        if state.state == "failed":
            return Unavailable(Trouble("measurement", state.since or now))
        trouble = self.health.trouble()
        if trouble is not None and now - trouble.since > self.policy.tolerate_trouble:
            return Unavailable(trouble)
        return Pending(state.since or now)


def _contradicts(known: PatientIdentity, asked: PatientIdentity) -> bool:
    """Whether birth date or sex differ where both sides have them."""
    pairs = ((known.birth_date, asked.birth_date), (known.sex, asked.sex))
    return any(ours is not None and theirs is not None and ours != theirs for ours, theirs in pairs)


# -- choose, measure, publish ---------------------------------------------------------------

SERIES_TRIED = 3
"""How many series, best first, may turn out not assessable before the best one's reasons stand."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What to measure for whom: usable series, best first; none if `already` names a result."""

    patient: PatientIdentity
    series: tuple[CtSeries, ...] = ()
    already: str | None = None


@dataclass(frozen=True, slots=True)
class Instruments:
    """What turns one CT into one assessment."""

    archive: ImagingArchive
    segmenter: VertebraSegmenter
    calibrator: HuCalibrator
    clock: Clock
    software: Software
    population: str | None = None
    all_levels: bool = False


@dataclass(frozen=True, slots=True)
class Screening:
    """The slow path: three steps, each safe to run again."""

    instruments: Instruments
    store: AssessmentStore
    publisher: ResultPublisher
    audit: AuditLog
    generation: str
    max_scan_age_days: int | None
    allow_unverified_identity: bool

    def choose(self, order: ImagingOrder) -> Choice:
        """Find the patient's earlier CTs and rank the series that can be measured."""
        now = self.instruments.clock.now()
        found = self.instruments.archive.find_series(order.patient)
        self._withdraw_vanished(order.patient, found)
        own, refused = self._own_series(order.patient, found)
        selection = select_series(own, SelectionPolicy(max_age_days=self.max_scan_age_days, today=now.date()))
        if selection.chosen is None:
            why = [reason.code for _, reason in selection.considered if reason is not None]
            self.store.keep_nothing_found(order.patient.key, now, [*refused, *why] or ["no-prior-ct"])
            return Choice(order.patient)
        known = self.store.knows(order.patient.key, selection.chosen.series_uid, self.generation)
        if known is not None:
            self.store.confirm(known, now)
            return Choice(order.patient, already=known)
        return Choice(order.patient, selection.ranked[:SERIES_TRIED])

    def measure(self, choice: Choice, progress: Progress | None = None) -> Assessment:
        """Measure the best series that turns out assessable."""
        return measure_first_assessable(self.instruments, choice.patient, choice.series, progress)

    def publish(self, choice: Choice, assessment: Assessment) -> str:
        """Render and store the result under the same id however often this runs."""
        now = self.instruments.clock.now()
        series_uid = assessment.acquisition.series_uid
        series = next(each for each in choice.series if each.series_uid == series_uid)
        result = StoredResult(
            result_id=_result_id(choice.patient, series_uid, self.generation),
            patient=_as_images_say(choice.patient, series),
            assessment=assessment,
            measured_at=now,
            confirmed_at=now,
            generation=self.generation,
        )
        self.store.keep(result, self.publisher.render(result))
        self.audit.record("result-published", choice.patient.key, assessment.status, result.result_id)
        return result.result_id

    def _own_series(self, patient: PatientIdentity, found: Sequence[CtSeries]) -> tuple[list[CtSeries], list[str]]:
        """The series that are this patient's beyond doubt, and the codes of what was refused.

        One contradiction shows that the identifier is shared, so images without birth date and
        sex are then refused too, even where the site accepts unverified ones.
        """
        checks = [(series, check_patient(patient, series.patient)) for series in found]
        mismatch = any(check == "mismatch" for _, check in checks)
        accepted: set[PatientCheck] = {"matched"}
        if self.allow_unverified_identity and not mismatch:
            accepted.add("unverified")
        if mismatch:
            self.audit.record("identity-mismatch", patient.key, "refused", "archive")
        refused = {
            "patient-mismatch" if check == "mismatch" else "identity-unverified"
            for _, check in checks
            if check not in accepted
        }
        return [series for series, check in checks if check in accepted], sorted(refused)

    def _withdraw_vanished(self, patient: PatientIdentity, found: Sequence[CtSeries]) -> None:
        """A result whose study left the archive, or moved to another patient, is not shown again."""
        latest = self.store.latest(patient.key)
        if not isinstance(latest, StoredResult):
            return
        study_uid = latest.assessment.acquisition.study_uid
        if all(series.study_uid != study_uid for series in found):
            self.store.withdraw(latest.result_id, "the study is no longer in the archive under this patient")
            self.audit.record("result-withdrawn", patient.key, "vanished", latest.result_id)


def measure_first_assessable(
    instruments: Instruments,
    patient: PatientIdentity | None,
    ranked: Sequence[CtSeries],
    progress: Progress | None = None,
) -> Assessment:
    """Measure series in their order until one is assessable; else the first one's reasons stand."""
    first: Assessment | None = None
    for series in ranked:
        assessment = _measure_series(instruments, patient, series, progress)
        if assessment.status == "assessed":
            return assessment
        first = first or assessment
    if first is None:
        msg = "no series to measure"
        raise StudyVanished(msg)
    return first


def _measure_series(
    instruments: Instruments, patient: PatientIdentity | None, series: CtSeries, progress: Progress | None
) -> Assessment:
    """One series, front to back; timings in seconds."""
    today = instruments.clock.now().date()
    patient_check = check_patient(patient, series.patient) if patient is not None else "unverified"
    begun = time.perf_counter()
    volume = instruments.archive.retrieve(series, progress)
    timing_s = {"read": time.perf_counter() - begun}

    def refuse(reasons: tuple[Reason, ...]) -> Assessment:
        timing_s["total"] = time.perf_counter() - begun
        return not_assessable(
            series,
            reasons,
            patient_check=patient_check,
            today=today,
            software=instruments.software,
            timing_s=timing_s,
        )

    if isinstance(volume, NotAssessable):
        return refuse(volume.reasons)
    if patient is not None and check_patient(patient, volume.series.patient) == "mismatch":
        return refuse((because("patient-mismatch"),))
    spine = instruments.segmenter.segment(volume, levels_to_outline(instruments.all_levels), progress)
    timing_s["segment"] = time.perf_counter() - begun - timing_s["read"]
    assessment = assess_volume(
        volume,
        spine,
        instruments.calibrator,
        patient_check=patient_check,
        today=today,
        software=instruments.software,
        timing_s=timing_s,
        population=instruments.population,
        all_levels=instruments.all_levels,
    )
    total = time.perf_counter() - begun
    calibrate = total - timing_s["read"] - timing_s["segment"]
    return replace(assessment, timing_s={**timing_s, "calibrate": calibrate, "total": total})


def _as_images_say(asked: PatientIdentity, series: CtSeries) -> PatientIdentity:
    """The order's patient with the images' birth date and sex, so that later charts are held against both."""
    found = series.patient
    return replace(asked, birth_date=found.birth_date or asked.birth_date, sex=found.sex or asked.sex)


def _result_id(patient: PatientIdentity, series_uid: str, generation: str) -> str:
    key = patient.key
    name = "\n".join((key.tenant, key.patient_id.strip(), key.issuer or "", series_uid, generation))
    return str(uuid.uuid5(uuid.NAMESPACE_OID, name))
