"""Results, what readers said about them, and where both are kept."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

from cds.bone.assessment import Assessment
from cds.correction import Correction
from cds.ct.patient import PatientIdentity, PatientKey
from cds.ports.audit import AuditRow
from cds.retraction import WithdrawalCode

Decision = Literal["accepted", "rejected", "corrected"]


@dataclass(frozen=True, slots=True)
class Review:
    """What a named reader said about a result."""

    reader: str
    decision: Decision
    at: datetime
    number: int = 1
    """Counts the reviews of one result; the last one holds."""
    reason: str | None = None
    """In the reader's words; always there where the result was rejected or corrected."""
    code: WithdrawalCode = "rejected-by-reader"
    """Says of a rejection what kind it is."""
    reader_name: str | None = None
    """What the EHR calls the reader; `reader` alone says who it is."""

    def __post_init__(self) -> None:
        """Nobody unnamed reads, and nothing is rejected or corrected without a reason."""
        if not self.reader.strip() or (self.decision != "accepted" and not (self.reason or "").strip()):
            msg = "a review needs a named reader, a rejection or correction its reason"
            raise ValueError(msg)

    @property
    def reader_shown(self) -> str:
        """What people read."""
        return self.reader_name or self.reader


@dataclass(frozen=True, slots=True)
class StoredResult:
    """A published result as the next hook finds it."""

    result_id: str
    patient: PatientIdentity
    assessment: Assessment
    measured_at: datetime
    confirmed_at: datetime
    """When the archive last confirmed that the study belongs to the patient."""
    generation: str
    """Model and calibration versions that made it."""
    review: Review | None = None
    """The last one; None while no reader has looked."""
    correction: Correction | None = None
    """The last one; `assessment` is as corrected then."""
    corrected_before: Correction | None = None
    """Of a measurement of the same images by another generation; this one does not have it."""

    @property
    def measured(self) -> Assessment:
        """As the software measured it, whatever a reader corrected."""
        return self.assessment if self.correction is None else self.correction.measured


@dataclass(frozen=True, slots=True)
class NothingFound:
    """The archive was asked and had no usable prior CT."""

    looked_at: datetime
    reasons: tuple[str, ...]

    @property
    def of_who_asked(self) -> bool:
        """Whether it was what the chart said of the patient: another one, or the same one mended, may be told more."""
        return not {"patient-mismatch", "identity-unverified"}.isdisjoint(self.reasons)


class AssessmentStore(Protocol):
    """Keeps results, and what is known about having none, by patient key."""

    def latest(self, patient: PatientKey) -> StoredResult | NothingFound | None:
        """The newest result (by scan date) of the patient that may be shown, or what is known, or None."""

    def read(self, result_id: str) -> StoredResult | None:
        """One result by its id."""

    def bundle(self, result_id: str) -> bytes | None:
        """The FHIR Bundle of one result, as stored at publish."""

    def knows(self, patient: PatientKey, series_uid: str, generation: str) -> str | None:
        """The id of the patient's result for this series, model and calibration, if not withdrawn."""

    def keep(self, result: StoredResult, bundle: bytes, note: AuditRow | None = None) -> None:
        """Store a result, its rendering and the note in one transaction; the same id again changes nothing."""

    def keep_nothing_found(self, patient: PatientKey, looked_at: datetime, reasons: Sequence[str]) -> None:
        """Remember that there is no usable prior CT."""

    def confirm(self, result_id: str, at: datetime) -> None:
        """Note that the archive still holds the study under the same patient."""

    def looked(self, patient: PatientKey, at: datetime, *, held: Collection[str], usable: Collection[str]) -> None:
        """Note that the archive holds these series under the patient, whichever results they have.

        A result whose series is not usable is set aside: no answer to a hook, until it is usable again. It stays in
        charts, for registries and in the history. Unlike `confirm` this does not say that no newer CT has to be
        looked for.
        """

    def withdraw(self, result_id: str, why: str, note: AuditRow | None = None) -> None:
        """Stop showing a result, and note it in the same transaction; it is kept, with the first reason."""


@dataclass(frozen=True, slots=True)
class Remembered:
    """What is known of a patient before anybody looks."""

    opted_out: bool
    latest: StoredResult | NothingFound | None


class PatientMemory(Protocol):
    """What every hook about a patient asks first: one question instead of three."""

    def of(self, patient: PatientKey) -> Remembered:
        """Whether they have opted out, and what `AssessmentStore.latest` says."""


@dataclass(frozen=True, slots=True)
class FiledResult:
    """What has to be known of a result to ask the archive about it."""

    result_id: str
    patient: PatientIdentity
    study_uid: str
    series_uid: str
    withdrawn: bool
    """Because the archive did not have it any more."""
    missing_since: datetime | None
    """When the archive was first found without it."""


class ResultConfirmations(Protocol):
    """When the archive was last asked about each result, and whose turn it is to ask."""

    def take_turn(self, now: datetime, every: timedelta) -> bool:
        """False where it is not time yet, or another process was first."""

    def due(
        self, *, asked_before: datetime, missing_before: datetime, withdrawn_after: datetime, at_most: int
    ) -> Sequence[FiledResult]:
        """Whom to ask about now, what is missing first; of those withdrawn, what was gone from the archive alone.

        Nobody who has opted out: a note that was made without asking would pass for an answer of the archive.
        """

    def of(self, patient: PatientKey) -> Sequence[FiledResult]:
        """Every result of the patient that is not withdrawn."""

    def held(self, result_id: str, at: datetime) -> None:
        """Asked about, and nothing is open."""

    def missed(self, result_id: str, at: datetime) -> None:
        """The archive did not have it; no hook shows it until it has again."""


class Reviews(Protocol):
    """Keeps what named readers said about results."""

    def keep(self, result_id: str, review: Review, bundle: bytes) -> bool:
        """Store review and rendering in one transaction; False where the result has changed in the meantime."""


class Corrections(Protocol):
    """Keeps what named readers corrected in results, and what they were before."""

    def keep(self, result: StoredResult, bundle: bytes) -> bool:
        """Correction, review, record and rendering in one transaction; False where the result has changed meanwhile."""

    def untold(self) -> Sequence[str]:
        """Shown results whose last correction the imaging archive does not know of, the oldest first."""

    def told(self, result_id: str, number: int) -> None:
        """The archive knows of this correction, and of those before."""


class ResultPublisher(Protocol):
    """Renders a result for charts and registries."""

    def render(self, result: StoredResult) -> bytes:
        """One FHIR Bundle as JSON bytes."""


class ResultRecipient(Protocol):
    """Is told of each published result, perhaps more than once."""

    def published(self, result: StoredResult) -> None:
        """It is stored now, under the same id however often this is called."""


@dataclass(frozen=True, slots=True)
class History:
    """The newest result of each series of one patient that is shown, by scan date; those without a date first."""

    held: Sequence[StoredResult] = ()
    """The archive has said lately that it holds these CTs under this patient."""
    being_checked: Sequence[StoredResult] = ()
    """It has not been asked lately, or did not have them: nothing may rest on these now."""


class PatientHistory(Protocol):
    """The measured CTs of one patient."""

    def of(self, patient: PatientKey, now: datetime, within: timedelta) -> History:
        """`within`: how long ago the archive may have been asked."""
