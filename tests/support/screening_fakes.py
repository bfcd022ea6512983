"""Hand-written fakes at the ports of the slow path; everything in memory."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np

from cds.bone.anatomy import Spine, VertebralLevel
from cds.bone.assessment import Calibration
from cds.bone.tissue_sample import TissueSample
from cds.ct.acquisition import CtSeries
from cds.ct.patient import ArchivedPatient, PatientIdentity, PatientKey, check_patient
from cds.ct.reason import NotAssessable
from cds.ct.volume import CtVolume
from cds.errors import StudyVanished
from cds.order import ImagingOrder
from cds.ports import AuditRow, FiledResult, NothingFound, Progress, ScreenState, StoredResult, StudyStanding, Trouble
from cds.retraction import Recall, StandingRecall
from tests.support.assessments import SCANNED_ON, a_calibration, a_patient, a_refusal


def a_series(number: int = 1, patient: PatientIdentity | None = None, **facts):
    """A chest CT series that can be measured; its images name the patient as the chart does."""
    who = patient or a_patient()
    usual = {
        "study_uid": f"1.2.3.{number}",
        "series_uid": f"1.2.3.{number}.1",
        "patient": ArchivedPatient(who.key.patient_id, who.key.issuer, who.birth_date, who.sex),
        "modality": "CT",
        "image_type": ("ORIGINAL", "PRIMARY", "AXIAL"),
        "instance_count": 200,
        "study_date": SCANNED_ON,
        "body_part": "CHEST",
        "kvp": 120.0,
        "kernel": "STANDARD",
        "slice_thickness_mm": 1.25,
    }
    return CtSeries(**(usual | facts))


def a_volume_without_spine(series: CtSeries):
    """A block of soft tissue in air, 60 slices of 2 mm."""
    affine = np.diag([2.0, 2.0, 2.0, 1.0])[[2, 1, 0, 3]]
    hu = np.full((60, 32, 32), -1000, np.int16)
    hu[:, 8:24, 8:24] = 40
    return CtVolume(hu, affine, series)


@dataclass
class FakeArchive:
    """Holds series; `refused` names those whose images do not form a volume."""

    series: list[CtSeries] = field(default_factory=list)
    refused: dict[str, NotAssessable] = field(default_factory=dict)
    images_say: dict[str, ArchivedPatient] = field(default_factory=dict)
    """What the retrieved images say of the patient, where that differs from what the search said."""
    retrieved: list[str] = field(default_factory=list)
    away: Exception | None = None
    """Why it cannot be asked how a study stands."""

    def find_series(self, patient: PatientIdentity) -> Sequence[CtSeries]:
        """Everything under the identifier, whoever it belongs to."""
        return [each for each in self.series if each.patient.patient_id == patient.key.patient_id]

    def retrieve(self, series: CtSeries, progress: Progress | None = None) -> CtVolume | NotAssessable:
        """Voxels without a spine, or the refusal."""
        del progress
        self.retrieved.append(series.series_uid)
        if series not in self.series:
            raise StudyVanished("gone")
        said = self.images_say.get(series.series_uid, series.patient)
        return self.refused.get(series.series_uid) or a_volume_without_spine(replace(series, patient=said))

    def standing(self, study_uid: str, series_uid: str, patient: PatientIdentity) -> StudyStanding:
        """By what the search says; raises the fault that it is given."""
        if self.away is not None:
            raise self.away
        study = [each for each in self.series if each.study_uid == study_uid]
        if any(check_patient(patient, each.patient) == "mismatch" for each in study):
            return "another-patient"
        return "held" if any(each.series_uid == series_uid for each in study) else "gone"


@dataclass
class FakeSegmenter:
    """Finds the spine it is given."""

    spine: Spine = field(default_factory=lambda: Spine((), 0.0))
    name: str = "fake"
    weights_sha256: str = "00"

    def segment(
        self, volume: CtVolume, levels: Collection[VertebralLevel] | None = None, progress: Progress | None = None
    ) -> Spine:
        """The same spine for every CT."""
        del volume, levels, progress
        return self.spine


@dataclass
class FakeCalibrator:
    """One slope for everyone."""

    version: str = "fake"

    def calibrate(
        self,
        series: CtSeries,
        water_equivalent_diameter_cm: float,
        *,
        thoracic: bool,
        samples: Sequence[TissueSample] = (),  # noqa: ARG002 (the port)
    ) -> Calibration:
        """The usual calibration."""
        del series, thoracic
        return a_calibration(water_equivalent_diameter_cm=water_equivalent_diameter_cm)


@dataclass
class MemoryStore:
    """The whole `AssessmentStore` in dictionaries."""

    results: dict[str, StoredResult] = field(default_factory=dict)
    bundles: dict[str, bytes] = field(default_factory=dict)
    nothing: dict[PatientKey, NothingFound] = field(default_factory=dict)
    withdrawn: dict[str, str] = field(default_factory=dict)
    notes: list[AuditRow] = field(default_factory=list)
    """Audit rows of what was changed."""
    held_at: dict[str, datetime] = field(default_factory=dict)
    missing_since: dict[str, datetime] = field(default_factory=dict)
    set_aside: set[str] = field(default_factory=set)

    def latest(self, patient: PatientKey) -> StoredResult | NothingFound | None:
        """The last one kept that may be shown."""
        own = [each for each in self.results.values() if each.patient.key == patient]
        hidden = self.withdrawn.keys() | self.missing_since.keys() | self.set_aside
        shown = [each for each in own if each.result_id not in hidden]
        return shown[-1] if shown else self.nothing.get(patient)

    def read(self, result_id: str) -> StoredResult | None:
        """One result."""
        return None if result_id in self.withdrawn else self.results.get(result_id)

    def bundle(self, result_id: str) -> bytes | None:
        """Its rendering."""
        return self.bundles.get(result_id)

    def knows(self, patient: PatientKey, series_uid: str, generation: str) -> str | None:
        """By patient, series and generation."""
        for each in self.results.values():
            same = each.patient.key == patient and each.assessment.acquisition.series_uid == series_uid
            if same and each.generation == generation and each.result_id not in self.withdrawn:
                return each.result_id
        return None

    def keep(self, result: StoredResult, bundle: bytes, note: AuditRow | None = None) -> None:
        """Once."""
        if result.result_id not in self.results:
            self.results[result.result_id] = result
            self.bundles[result.result_id] = bundle
            self._note(note)

    def keep_nothing_found(self, patient: PatientKey, looked_at: datetime, reasons: Sequence[str]) -> None:
        """Replaces the last look."""
        self.nothing[patient] = NothingFound(looked_at, tuple(reasons))

    def confirm(self, result_id: str, at: datetime) -> None:
        """Notes the time."""
        self.results[result_id] = replace(self.results[result_id], confirmed_at=at)

    def looked(self, patient: PatientKey, at: datetime, *, held: Collection[str], usable: Collection[str]) -> None:
        """Notes the time."""
        for result_id, each in self.results.items():
            series_uid = each.assessment.acquisition.series_uid
            if each.patient.key == patient and series_uid in held:
                self.held_at[result_id] = at
                self.missing_since.pop(result_id, None)
                (self.set_aside.discard if series_uid in usable else self.set_aside.add)(result_id)

    def withdraw(self, result_id: str, why: str, note: AuditRow | None = None) -> None:
        """Keeps the first reason."""
        if result_id not in self.withdrawn:
            self.withdrawn[result_id] = why
            self._note(note)

    def _note(self, note: AuditRow | None) -> None:
        self.notes += [] if note is None else [note]


@dataclass
class MemoryConfirmations:
    """The `ResultConfirmations` of a `MemoryStore`, as far as the slow path asks for them."""

    store: MemoryStore

    def of(self, patient: PatientKey) -> Sequence[FiledResult]:
        """All but withdrawn ones."""
        return [
            FiledResult(
                result_id,
                each.patient,
                each.assessment.acquisition.study_uid,
                each.assessment.acquisition.series_uid,
                withdrawn=False,
                missing_since=self.store.missing_since.get(result_id),
            )
            for result_id, each in self.store.results.items()
            if each.patient.key == patient and result_id not in self.store.withdrawn
        ]

    def missed(self, result_id: str, at: datetime) -> None:
        """The first time stands."""
        self.store.missing_since.setdefault(result_id, at)

    def held(self, result_id: str, at: datetime) -> None:
        """Nothing is open."""
        self.store.held_at[result_id] = at
        self.store.missing_since.pop(result_id, None)


@dataclass
class MemoryRecalls:
    """The `Recalls` in a list."""

    kept: list[StandingRecall] = field(default_factory=list)

    def standing(self) -> Sequence[StandingRecall]:
        """All."""
        return self.kept

    def keep(self, standing: StandingRecall) -> bool:
        """Once."""
        if any(each.recall == standing.recall for each in self.kept):
            return False
        self.kept.append(standing)
        return True

    def lift(self, recall: Recall) -> bool:
        """Exactly this one."""
        before = len(self.kept)
        self.kept = [each for each in self.kept if each.recall != recall]
        return len(self.kept) < before


@dataclass
class FakeQueue:
    """Remembers who was submitted; stands where it is told to stand."""

    now: ScreenState
    submitted: list[ImagingOrder] = field(default_factory=list)

    def submit(self, order: ImagingOrder) -> ScreenState:
        """Take it."""
        self.submitted.append(order)
        return self.now

    def state(self, patient: PatientKey) -> ScreenState:
        """The same for everyone."""
        del patient
        return self.now


@dataclass
class FakeHealth:
    """All well unless told otherwise."""

    known: Trouble | None = None

    def trouble(self) -> Trouble | None:
        """What it was told."""
        return self.known


@dataclass
class FakePublisher:
    """Renders the result's id."""

    def render(self, result: StoredResult) -> bytes:
        """Bytes."""
        return result.result_id.encode()


def a_refusal_of(series):
    """Not assessable, of this series."""
    refusal = a_refusal()
    acquisition = replace(
        refusal.acquisition,
        study_uid=series.study_uid,
        series_uid=series.series_uid,
        patient_birth_date=series.patient.birth_date,
        patient_sex=series.patient.sex,
    )
    return replace(refusal, acquisition=acquisition)
