"""The archive as a measurement sees it: what it takes to send a series is not held against the CT."""

from collections.abc import Sequence
from dataclasses import dataclass

from cds.ct.acquisition import CtSeries
from cds.ct.patient import PatientIdentity
from cds.ct.reason import NotAssessable
from cds.ct.volume import CtVolume
from cds.durable.limits import retrieving
from cds.ports import ImagingArchive, Progress, StudyStanding

_LATER_S = 60.0
"""An archive ends a retrieval that takes too long by itself, between two images; this is for one that cannot."""


@dataclass(frozen=True, slots=True)
class PatientArchive:
    """An `ImagingArchive` that is waited for outside the limit of measuring (`cds.durable.limits`)."""

    archive: ImagingArchive
    series_within_s: float

    def find_series(self, patient: PatientIdentity) -> Sequence[CtSeries]:
        """As the archive does."""
        return self.archive.find_series(patient)

    def retrieve(self, series: CtSeries, progress: Progress | None = None) -> CtVolume | NotAssessable:
        """As the archive does, on its own time."""
        with retrieving(self.series_within_s + _LATER_S):
            return self.archive.retrieve(series, progress)

    def standing(self, study_uid: str, series_uid: str, patient: PatientIdentity) -> StudyStanding:
        """As the archive does."""
        return self.archive.standing(study_uid, series_uid, patient)
