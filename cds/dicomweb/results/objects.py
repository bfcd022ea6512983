"""Everything that one result leaves beside its images."""

from collections.abc import Iterable
from typing import Final

from pydicom.dataset import Dataset

from cds.bone.regions import MeasuredRegions
from cds.ct.patient import PatientIdentity, check_patient
from cds.dicomweb.results.report import report_of
from cds.dicomweb.results.reported import ReportedResult
from cds.dicomweb.results.segmentation import segmentation_of
from cds.dicomweb.results.source import source_images
from cds.ports import ResultRefused

_UNWRITABLE: Final = (ValueError, TypeError, AttributeError, KeyError, NotImplementedError, OverflowError)
"""What pydicom and highdicom raise for attributes that cannot be copied into a new object."""


def objects_of(
    result: ReportedResult, regions: MeasuredRegions, headers: Iterable[Dataset], patient: PatientIdentity | None = None
) -> tuple[Dataset, Dataset]:
    """Segmentation and report; `headers`: of the images that were measured, as they are now.

    Raises `ResultRefused` where the images are somebody else's than `patient`, or cannot be referred to.
    """
    try:
        source = source_images(headers, regions.sop_instance_uids)
        if patient is not None and any(check_patient(patient, each) == "mismatch" for each in source.patients):
            raise ResultRefused("the images belong to another patient now")
        return segmentation_of(result, regions, source), report_of(result, regions, source)
    except _UNWRITABLE as error:
        raise ResultRefused(f"no object can be made of the images' attributes ({type(error).__name__})") from None
