"""The structured report: TID 1500 as a Comprehensive 3D SR (PS3.3 A.35.13), with every number of the record.

Preliminary and unverified: software is never the interpreter.
"""

from collections.abc import Iterator
from typing import Final

from highdicom.sr import (
    Comprehensive3DSR,
    DeviceObserverIdentifyingAttributes,
    MeasurementReport,
    ObservationContext,
    ObserverContext,
    RelationshipTypeValues,
    TextContentItem,
)
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes as standard
from pydicom.uid import SegmentationStorage

from cds.bone.assessment import Software
from cds.bone.regions import MeasuredRegions
from cds.bone.words import RULE_IN_ONLY, possible_fractures
from cds.dicomweb.results.authorship import MAKER, authorship, dated
from cds.dicomweb.results.measurement_groups import MeasurementGroups
from cds.dicomweb.results.reported import ReportedResult
from cds.dicomweb.results.source import SourceImages
from cds.dicomweb.results.uids import device_uid

SERIES_NUMBER: Final = 9102


def report_of(result: ReportedResult, regions: MeasuredRegions, source: SourceImages) -> Dataset:
    """The report on a result, which refers to its segmentation; the same input gives the same object."""
    at = source.moment(result.measured_at)
    content = MeasurementReport(
        observation_context=_made_by(result.assessment.software),
        procedure_reported=standard.cid100.CTUnspecifiedBodyRegion,
        imaging_measurements=list(MeasurementGroups(result, regions, source)),
        title=standard.DCM.ImagingMeasurementReport,
    )
    content[0].ContentSequence.extend(_comments(result))
    written = Comprehensive3DSR(
        evidence=list(_evidence(result, source)),
        content=content,
        series_instance_uid=result.uids.report_series,
        series_number=SERIES_NUMBER,
        sop_instance_uid=result.uids.report,
        instance_number=1,
        is_complete=True,
        is_final=False,
        is_verified=False,
        series_description="Vertebral bone density (investigational)",
        **authorship(result.assessment.software, at),
    )
    return dated(written, at, source.header)


def _made_by(software: Software) -> ObservationContext:
    device = DeviceObserverIdentifyingAttributes(
        uid=device_uid(software.version, software.model, software.weights_sha256),
        name=f"{MAKER} {software.version}",
        manufacturer_name=MAKER,
        model_name=software.model,
        serial_number=software.weights_sha256,
    )
    return ObservationContext(observer_device_context=ObserverContext(standard.DCM.Device, device))


def _comments(result: ReportedResult) -> Iterator[TextContentItem]:
    """What a person must read beside the numbers."""
    for text in (result.notice, *result.remarks, *possible_fractures(result.rounded), RULE_IN_ONLY):
        yield TextContentItem(standard.DCM.Comment, text, RelationshipTypeValues.CONTAINS)


def _evidence(result: ReportedResult, source: SourceImages) -> Iterator[Dataset]:
    """One image's header, whose patient and study the report takes over, all images, and their segmentation."""
    header = source.header
    yield header
    for image in source.images:
        yield _instance(header, header.SeriesInstanceUID, image.sop_class_uid, image.sop_instance_uid)
    yield _instance(header, result.uids.segmentation_series, SegmentationStorage, result.uids.segmentation)


def _instance(header: Dataset, series_uid: str, sop_class_uid: str, sop_instance_uid: str) -> Dataset:
    instance = Dataset()
    instance.StudyInstanceUID, instance.SeriesInstanceUID = header.StudyInstanceUID, series_uid
    instance.SOPClassUID, instance.SOPInstanceUID = sop_class_uid, sop_instance_uid
    return instance
