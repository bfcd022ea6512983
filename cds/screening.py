"""The whole story, top-down.

answer    a hook asks about a patient; what is known is told at once, else work is queued
choose    which earlier CT, which series, and why not the others
measure   retrieve, segment, calibrate, measure, assess: one CT becomes one assessment
publish   render for charts and registries, store, and let the next hook find it

`answer` is fast and touches the store and the queue alone. The other three are the slow path;
`cds.durable` runs them as steps and checkpoints identifiers and the assessment between them.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cds.bone.assessment import Acquisition, Assessment, PassedOver
from cds.bone.left_out import left_out_by
from cds.clocks import lately
from cds.correction import Correction
from cds.ct.acquisition import CtSeries
from cds.ct.patient import PatientCheck, PatientIdentity, check_patient, comparable, contradict
from cds.ct.selection import SelectionPolicy, select_series
from cds.errors import QueueUnavailable, StudyVanished
from cds.gone import Filing
from cds.measurement import Instruments, measure_first_assessable
from cds.order import ImagingOrder
from cds.ports import (
    AssessmentStore,
    AuditLog,
    AuditRow,
    Clock,
    NothingFound,
    OptOuts,
    PatientMemory,
    Progress,
    Recalls,
    ResultConfirmations,
    ResultPublisher,
    ResultRecipient,
    ScreeningQueue,
    ServiceHealth,
    StoredResult,
    Trouble,
    VoxelKeeper,
)
from cds.recalling import refuse_withdrawn
from cds.retraction import OF_ANOTHER_PATIENT


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


@dataclass(frozen=True, slots=True)
class OptedOut:
    """The patient does not want their images looked at: nothing is queued, nothing is told."""


Answer = OptedOut | Known | Pending | NoPrior | IdentityRefused | Unavailable


@dataclass(frozen=True, slots=True)
class AnswerPolicy:
    """How long knowledge stays fresh, and which generation is current."""

    generation: str
    confirm_every: timedelta = timedelta(hours=24)
    remember_nothing_found: timedelta = timedelta(hours=24)
    remember_mismatch: timedelta = timedelta(minutes=1)
    """Soon forgotten: a birth date mended in the chart must not wait a day for its result."""
    tolerate_trouble: timedelta = timedelta(minutes=1)
    tolerate_running: timedelta = timedelta(minutes=10)
    """A measurement takes seconds; one that runs this long hangs, and is said to have failed."""
    allow_unverified_identity: bool = False
    """Whether a result is shown where neither birth date nor sex can be compared with the chart."""


@dataclass(frozen=True, slots=True)
class Answering:
    """The fast path."""

    memory: PatientMemory
    queue: ScreeningQueue
    health: ServiceHealth
    audit: AuditLog
    clock: Clock
    policy: AnswerPolicy

    def answer(self, order: ImagingOrder) -> Answer:
        """What is known about the patient now; asking again is free.

        the patient has opted out                      -> that, whatever is known
        a result whose images contradict the chart     -> refused, audited; looked at again once a day
        ... or cannot be compared with it              -> refused, audited, unless the site accepts that
        a result, confirmed lately, current generation -> known
        a result, confirmed lately, older generation   -> known, measured again behind the scenes
        a result, not confirmed lately                 -> asked again before it is shown
        nothing usable, looked lately                  -> no prior CT
        otherwise                                      -> queued; unavailable if that cannot work
        """
        remembered = self.memory.of(order.patient.key)
        if remembered.opted_out:
            return OptedOut()
        now = self.clock.now()
        match remembered.latest:
            case StoredResult() as result if contradict(result.patient, order.patient):
                self.audit.record("identity-mismatch", order.patient.key, "refused", "stored result")
                if not lately(result.confirmed_at, now, self.policy.confirm_every):
                    self._queued(order, now)
                return IdentityRefused()
            case StoredResult() as result if not self._verified(result, order):
                # As when a sweep of the archive measured, or another chart asked: this chart must say who it is.
                self.audit.record("identity-unverified", order.patient.key, "refused", "stored result")
                return IdentityRefused()
            case StoredResult() as result if lately(result.confirmed_at, now, self.policy.confirm_every):
                stale = result.generation != self.policy.generation
                if stale:
                    self._queued(order, now)
                return Known(result, stale)
            case NothingFound() as nothing if lately(nothing.looked_at, now, self._remembered(nothing)):
                return NoPrior(nothing.reasons)
            case _:
                return self._queued(order, now)

    def look_again(self, order: ImagingOrder) -> None:
        """Have the archive asked about all CTs of the patient, also where a result may be shown as it is."""
        if not self.memory.of(order.patient.key).opted_out:
            self._queued(order, self.clock.now())

    def _verified(self, result: StoredResult, order: ImagingOrder) -> bool:
        return self.policy.allow_unverified_identity or comparable(result.patient, order.patient)

    def _remembered(self, nothing: NothingFound) -> timedelta:
        mismatch = "patient-mismatch" in nothing.reasons
        return self.policy.remember_mismatch if mismatch else self.policy.remember_nothing_found

    def _queued(self, order: ImagingOrder, now: datetime) -> Answer:
        try:
            state = self.queue.submit(order)
        except QueueUnavailable:
            return Unavailable(Trouble("queue", now))
        since = state.since or now
        if state.state == "failed" or (
            state.state == "running" and not lately(since, now, self.policy.tolerate_running)
        ):
            return Unavailable(Trouble("measurement", min(since, now)))
        trouble = self.health.trouble()
        if trouble is not None and not lately(trouble.since, now, self.policy.tolerate_trouble):
            return Unavailable(Trouble(trouble.what, min(trouble.since, now)))
        return Pending(since)


PUBLISHED_WITHIN = timedelta(hours=1)
"""Of the look at the archive that chose the series; it is seconds, unless nobody was there to go on."""
SERIES_TRIED = 3
"""How many series, best first, may turn out not assessable before the best one's reasons stand."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What to measure for whom: usable series, best first; none if `already` names a result."""

    patient: PatientIdentity
    series: tuple[CtSeries, ...] = ()
    already: str | None = None
    left_out: tuple[PassedOver, ...] = ()
    """Other series of the patient, and why they were not chosen; for the record."""
    chosen_at: datetime | None = None
    """When the archive was asked; None where an older version did that."""


@dataclass(frozen=True, slots=True)
class Screening:
    """The slow path: three steps, each safe to run again. A version that was withdrawn ends it: `VersionWithdrawn`.

    Each asks first whether the patient has opted out meanwhile: then nothing is looked up,
    retrieved, stored or remembered, and an order after the patient has opted in again starts anew.
    """

    instruments: Instruments
    store: AssessmentStore
    confirmations: ResultConfirmations
    recalls: Recalls
    publisher: ResultPublisher
    audit: AuditLog
    opt_outs: OptOuts
    generation: str
    max_scan_age_days: int | None
    allow_unverified_identity: bool
    keepers: Sequence[VoxelKeeper] = ()
    """Who takes something of the voxels while they are in memory."""
    recipients: Sequence[ResultRecipient] = ()
    """Who is told of each published result."""

    def choose(self, order: ImagingOrder) -> Choice:
        """Find the patient's earlier CTs and rank the series that can be measured."""
        if self._opted_out(order.patient, "choose"):
            return Choice(order.patient)
        refuse_withdrawn(self.recalls, self.generation)
        now = self.instruments.clock.now()
        found = self.instruments.archive.find_series(order.patient)
        own, refused = self._own_series(order.patient, found)
        selection = select_series(own, SelectionPolicy(max_age_days=self.max_scan_age_days, today=now.date()))
        self.store.looked(order.patient.key, now, held=_uids(own), usable=_uids(selection.ranked))
        if "patient-mismatch" not in refused:
            self._hold_results_against(order.patient, found, now)
        if selection.chosen is None:
            why = [reason.code for _, reason in selection.considered if reason is not None]
            self.store.keep_nothing_found(order.patient.key, now, [*refused, *why] or ["no-prior-ct"])
            return Choice(order.patient)
        tries = selection.tries(SERIES_TRIED)
        known = self._known_result(order.patient, tries)
        if known is not None:
            self.store.confirm(known, now)
            return Choice(order.patient, already=known)
        return Choice(order.patient, tries, left_out=left_out_by(selection), chosen_at=now)

    def measure(self, choice: Choice, progress: Progress | None = None) -> Assessment | None:
        """Measure the best series that turns out assessable; None where nothing may be retrieved."""
        if self._opted_out(choice.patient, "measure"):
            return None
        measured = measure_first_assessable(self.instruments, choice.patient, choice.series, progress, choice.left_out)
        for keeper in self.keepers:
            keeper.keep(self._id_of(choice, measured.assessment), measured)
        return measured.assessment

    def publish(self, choice: Choice, assessment: Assessment) -> str | None:
        """Render and store the result under the same id however often this runs.

        Images that turned out to be somebody else's are no result of this patient: audited, not stored. Where the
        archive was asked too long ago, as when every worker was down in between, it is asked again; raises
        `StudyVanished` where the study is not the patient's any more, so that a series is chosen anew.
        """
        if self._opted_out(choice.patient, "publish"):
            return None
        now = self.instruments.clock.now()
        if assessment.patient_check == "mismatch":
            self.audit.record("identity-mismatch", choice.patient.key, "refused", "images")
            self.store.keep_nothing_found(choice.patient.key, now, ["patient-mismatch"])
            return None
        confirmed_at = self._confirmed_at(choice, assessment.acquisition, now)
        result = StoredResult(
            result_id=self._id_of(choice, assessment),
            patient=_as_images_say(choice.patient, assessment.acquisition),
            assessment=assessment,
            measured_at=now,
            confirmed_at=confirmed_at,
            generation=self.generation,
            corrected_before=self._corrected_before(choice, assessment),
        )
        refuse_withdrawn(self.recalls, self.generation, result)
        note = AuditRow("result-published", choice.patient.key, assessment.status, result.result_id)
        self.store.keep(result, self.publisher.render(result), note)
        self.store.confirm(result.result_id, confirmed_at)
        for recipient in self.recipients:
            recipient.published(result)
        return result.result_id

    def _confirmed_at(self, choice: Choice, images: Acquisition, now: datetime) -> datetime:
        if choice.chosen_at is not None and lately(choice.chosen_at, now, PUBLISHED_WITHIN):
            return choice.chosen_at
        patient = _as_images_say(choice.patient, images)
        if self.instruments.archive.standing(images.study_uid, images.series_uid, patient) != "held":
            raise StudyVanished("the study was moved, changed or deleted after it was measured")
        return now

    def _corrected_before(self, choice: Choice, assessment: Assessment) -> Correction | None:
        """What a reader corrected in the result that this one replaces; it does not carry over, and is told."""
        latest = self.store.latest(choice.patient.key)
        if not isinstance(latest, StoredResult) or latest.generation == self.generation:
            return None
        same = latest.assessment.acquisition.series_uid == assessment.acquisition.series_uid
        return (latest.correction or latest.corrected_before) if same else None

    def _opted_out(self, patient: PatientIdentity, step: str) -> bool:
        opted_out = self.opt_outs.has_opted_out(patient.key)
        if opted_out:
            self.audit.record("screening", patient.key, "opted-out", step)
        return opted_out

    def _id_of(self, choice: Choice, assessment: Assessment) -> str:
        return _result_id(choice.patient, assessment.acquisition.series_uid, self.generation)

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

    def _known_result(self, patient: PatientIdentity, tries: Sequence[CtSeries]) -> str | None:
        """The result that measuring `tries` again would give: of the best, or of one after others that failed."""
        better: set[str] = set()
        for series in tries:
            result_id = self.store.knows(patient.key, series.series_uid, self.generation)
            result = self.store.read(result_id) if result_id is not None else None
            if result is not None:
                passed_over = {each.series_uid for each in result.assessment.passed_over}
                return result_id if better <= passed_over else None
            better.add(series.series_uid)
        return None

    def _hold_results_against(self, patient: PatientIdentity, found: Sequence[CtSeries], now: datetime) -> None:
        """A result stands while the archive has its series, and says the same of the patient.

        Not asked where the chart contradicts images: the result may be right and the chart wrong.
        """
        filing = Filing(self.store, self.confirmations)
        for filed in self.confirmations.of(patient.key):
            if filed.series_uid not in _uids(found):
                filing.missed(filed, now)
            elif contradict(filed.patient, patient):
                filing.withdraw(filed, OF_ANOTHER_PATIENT, now)


def _uids(series: Sequence[CtSeries]) -> set[str]:
    return {each.series_uid for each in series}


def _as_images_say(asked: PatientIdentity, acquisition: Acquisition) -> PatientIdentity:
    """The patient with the images' birth date and sex: what later charts are held against."""
    return replace(asked, birth_date=acquisition.patient_birth_date, sex=acquisition.patient_sex)


def _result_id(patient: PatientIdentity, series_uid: str, generation: str) -> str:
    key = patient.key
    name = "\n".join((key.tenant, key.patient_id.strip(), key.issuer or "", series_uid, generation))
    return str(uuid.uuid5(uuid.NAMESPACE_OID, name))
