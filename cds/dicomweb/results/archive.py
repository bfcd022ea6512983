"""The imaging archive as a place for results: segmentation, report and rejection note, beside the images."""

from collections.abc import Sequence

from pydicom.dataset import Dataset

from cds.bone.regions import MeasuredRegions
from cds.bone.words import day_words
from cds.correction import Correction
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
        correction = result.correction
        reported = ReportedResult(
            _copies_of(result)[-1],
            result.assessment,
            result.measured_at if correction is None else correction.at,
            self._notice,
            _corrected(correction),
        )
        named = regions if correction is None else regions.renamed(correction.change.renamed)
        self._archive.store(acquisition.study_uid, objects_of(reported, named, headers, result.patient))

    def reject(self, result: StoredResult, why: Rejection) -> bool:
        """Reject whatever is there of the result, as measured and as corrected; again, it changes nothing."""
        rejected = [self._reject(result, copy_id, why) for copy_id in _copies_of(result)]
        return any(rejected)

    def _reject(self, result: StoredResult, copy_id: str, why: Rejection) -> bool:
        uids, study_uid = ResultUids(copy_id), result.assessment.acquisition.study_uid
        stored = [
            header
            for series_uid in (uids.segmentation_series, uids.report_series)
            for header in self._headers_if_any(study_uid, series_uid)
        ]
        if not stored:
            return False
        at = moment_of(stored[0], result.measured_at)
        note = rejection_note(copy_id, why, stored, result.assessment.software, at)
        self._archive.store(study_uid, [note])
        return True

    def _headers_if_any(self, study_uid: str, series_uid: str) -> Sequence[Dataset]:
        try:
            return [copyable(header) for header in self._archive.headers(study_uid, series_uid)]
        except StudyVanished:
            return ()


def _copies_of(result: StoredResult) -> tuple[str, ...]:
    """Ids that its objects are made from: as measured, then as after each review, of which some were corrections."""
    number = 0 if result.correction is None else result.correction.number
    return (result.result_id, *(f"{result.result_id}/{each}" for each in range(1, number + 1)))


def _corrected(correction: Correction | None) -> tuple[str, ...]:
    """What a person must read beside the numbers."""
    if correction is None:
        return ()
    day = day_words(correction.at.date())
    return (f"Corrected by {correction.reader_shown} on {day}: {correction.what}; {correction.reason}",)
