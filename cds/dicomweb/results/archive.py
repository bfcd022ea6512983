"""The imaging archive as a place for results: segmentation, report and rejection note, beside the images."""

from collections.abc import Sequence
from typing import Final

from pydicom.dataset import Dataset

from cds.bone.regions import MeasuredRegions
from cds.ct.patient import check_patient
from cds.dicomweb.results.rejection import rejection_note
from cds.dicomweb.results.report import report_of
from cds.dicomweb.results.reported import ReportedResult
from cds.dicomweb.results.segmentation import segmentation_of
from cds.dicomweb.results.source import SourceImages, copyable, moment_of, source_images
from cds.dicomweb.results.uids import ResultUids
from cds.dicomweb.web import DicomwebArchive
from cds.errors import StudyVanished
from cds.ports import Rejection, ResultRefused, StoredResult

_UNWRITABLE: Final = (ValueError, TypeError, AttributeError, KeyError, NotImplementedError, OverflowError)
"""What pydicom and highdicom raise for attributes that cannot be copied into a new object."""


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
        source = source_images(headers, regions.sop_instance_uids)
        if any(check_patient(result.patient, patient) == "mismatch" for patient in source.patients):
            raise ResultRefused("the images belong to another patient now")
        self._archive.store(acquisition.study_uid, self._objects(result, regions, source))

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
        self._archive.store(study_uid, [self._note(result, why, stored)])
        return True

    def _objects(self, result: StoredResult, regions: MeasuredRegions, source: SourceImages) -> tuple[Dataset, Dataset]:
        reported = ReportedResult(result.result_id, result.assessment, result.measured_at, self._notice)
        try:
            return segmentation_of(reported, regions, source), report_of(reported, regions, source)
        except _UNWRITABLE as error:
            raise ResultRefused(f"no object can be made of the images' attributes ({type(error).__name__})") from None

    def _note(self, result: StoredResult, why: Rejection, stored: Sequence[Dataset]) -> Dataset:
        at = moment_of(stored[0], result.measured_at)
        return rejection_note(result.result_id, why, stored, result.assessment.software, at)

    def _headers_if_any(self, study_uid: str, series_uid: str) -> Sequence[Dataset]:
        try:
            return [copyable(header) for header in self._archive.headers(study_uid, series_uid)]
        except StudyVanished:
            return ()
