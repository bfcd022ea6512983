"""The imaging archive as a place for results: segmentation, report and rejection note, beside the images."""

from collections.abc import Sequence

from pydicom.dataset import Dataset

from cds.bone.regions import MeasuredRegions
from cds.dicomweb.results.objects import objects_of
from cds.dicomweb.results.rejection import rejection_note
from cds.dicomweb.results.reported import ReportedResult
from cds.dicomweb.results.source import copyable, moment_of
from cds.dicomweb.results.uids import ResultUids
from cds.dicomweb.web import DicomwebArchive
from cds.errors import StudyVanished
from cds.ports import Rejection, StoredResult


class DicomwebResults:
    """Implements `ImageResults` over one DICOMweb server."""

    def __init__(self, archive: DicomwebArchive, notice: str) -> None:
        """`notice` stands on every report."""
        self._archive = archive
        self._notice = notice

    def store(self, result: StoredResult, regions: MeasuredRegions) -> None:
        """Store what of segmentation and report is not there yet.

        The images' headers are read anew: whose they are is as the archive says now, and if that
        is somebody else than the result's patient, nothing is stored.
        """
        acquisition = result.assessment.acquisition
        headers = self._archive.headers(acquisition.study_uid, acquisition.series_uid)
        reported = ReportedResult(result.result_id, result.assessment, result.measured_at, self._notice)
        self._archive.store(acquisition.study_uid, objects_of(reported, regions, headers, result.patient))

    def reject(self, result: StoredResult, why: Rejection) -> bool:
        """Reject whatever is there of the result; the same reason again changes nothing."""
        uids, study_uid = ResultUids(result.result_id), result.assessment.acquisition.study_uid
        stored = [
            header
            for series_uid in (uids.segmentation_series, uids.report_series)
            for header in self._headers_if_any(study_uid, series_uid)
        ]
        if not stored:
            return False
        at = moment_of(stored[0], result.measured_at)
        note = rejection_note(result.result_id, why, stored, result.assessment.software, at)
        self._archive.store(study_uid, [note])
        return True

    def _headers_if_any(self, study_uid: str, series_uid: str) -> Sequence[Dataset]:
        try:
            return [copyable(header) for header in self._archive.headers(study_uid, series_uid)]
        except StudyVanished:
            return ()
