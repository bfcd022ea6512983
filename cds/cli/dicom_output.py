"""`osteocds assess --seg --sr`: the same objects that a service stores in an archive, as files."""

import io
from datetime import UTC, datetime

from pydicom import dcmwrite
from pydicom.dataset import Dataset

from cds.bone.assessment import Assessment
from cds.bone.measured_ct import MeasuredCt
from cds.bone.regions import regions_of
from cds.dicomweb.folder import FolderArchive
from cds.dicomweb.results.objects import objects_of
from cds.dicomweb.results.reported import ReportedResult


def dicom_objects(archive: FolderArchive, ct: MeasuredCt, assessment: Assessment, notice: str) -> dict[str, bytes]:
    """Segmentation and report of an assessed CT as files, by the option that asks for them.

    Raises `ResultRefused` where the images cannot be referred to. The same CT measured by the same
    software and calibration gives the same UIDs.
    """
    regions = regions_of(ct)
    result = ReportedResult(_id_of(assessment), assessment, datetime.now(UTC), notice)
    segmentation, report = objects_of(result, regions, archive.headers(assessment.acquisition.series_uid))
    return {"--seg": _file(segmentation), "--sr": _file(report)}


def _id_of(assessment: Assessment) -> str:
    """No patient in it: UIDs made from it give nothing away."""
    software, calibration = assessment.software, assessment.calibration
    made_by = (software.version, software.model, software.weights_sha256, calibration.version if calibration else "")
    return " ".join(("assess", assessment.acquisition.series_uid, *made_by))


def _file(instance: Dataset) -> bytes:
    written = io.BytesIO()
    dcmwrite(written, instance, enforce_file_format=True)
    return written.getvalue()
