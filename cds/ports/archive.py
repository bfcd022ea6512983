"""Where CTs are kept: asked for one patient, or for what it has."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Literal, Protocol

from cds.ct.acquisition import CtSeries
from cds.ct.patient import PatientIdentity
from cds.ct.reason import NotAssessable
from cds.ct.volume import CtVolume
from cds.ports.progress import Progress
from cds.study import ListedStudy

StudyStanding = Literal["held", "gone", "another-patient"]
"""Where a series stands in the archive: as it was, not there any more, or its study is somebody else's now."""


class ImagingArchive(Protocol):
    """Where earlier CTs are kept. Raises `ArchiveUnavailable` when it cannot be asked."""

    def find_series(self, patient: PatientIdentity) -> Sequence[CtSeries]:
        """Every CT series under the patient's identifier; other modalities are left out."""

    def retrieve(self, series: CtSeries, progress: Progress | None = None) -> CtVolume | NotAssessable:
        """The voxels of one series on one grid; raises `StudyVanished` if it is gone.

        An image that is damaged is a reason to refuse, by name. Raises `SeriesUnusable` where so little of the
        series can be read that nothing can be said of it.
        """

    def standing(self, study_uid: str, series_uid: str, patient: PatientIdentity) -> StudyStanding:
        """Whether the series is still there, under the same patient; asks about this one alone."""


class StudyIndex(Protocol):
    """What the archive has, without looking into it. Raises `ArchiveUnavailable`."""

    def studies(
        self,
        first: date,
        last: date,
        *,
        patient_id: str | None = None,
        before_request: Callable[[], None] = lambda: None,
    ) -> Iterator[ListedStudy]:
        """Every study with CT of these days, each once; `before_request` may wait before each question."""
