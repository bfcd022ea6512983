"""The DICOM segmentation of vertebral bodies and trabecular regions (PS3.3 A.51), binary.

One segment for each region, one frame for each image that the region reaches; a frame has the rows
and columns of its image, so that viewers need not resample. highdicom builds such objects from one
array of all segments at full size, over a gigabyte for a thin chest CT; here frames are made one
after the other, of highdicom's parts.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from highdicom import (
    AlgorithmIdentificationSequence,
    PixelMeasuresSequence,
    PlaneOrientationSequence,
    PlanePositionSequence,
    SOPClass,
)
from highdicom.seg import SegmentDescription
from highdicom.sr import CodedConcept
from pydicom.dataset import Dataset
from pydicom.sr.coding import Code
from pydicom.tag import Tag
from pydicom.uid import ExplicitVRLittleEndian, SegmentationStorage

from cds.bone.assessment import Software
from cds.bone.regions import MeasuredRegions, Region, RegionKind
from cds.dicomweb.results import codes
from cds.dicomweb.results.authorship import authorship, dated
from cds.dicomweb.results.reported import ReportedResult
from cds.dicomweb.results.source import SourceImage, SourceImages

SERIES_NUMBER: Final = 9101
_FRAMES_TO_WHOLE_BYTES: Final = 8
"""Frames of one bit a pixel follow each other without padding (PS3.5 8.1.1)."""
_NAMES: Final[dict[RegionKind, str]] = {"vertebral-body": "vertebral body", "trabecular-roi": "trabecular ROI"}
_SEGMENTATION: Final = CodedConcept.from_code(codes.SEGMENTATION)
_SOURCE_IMAGE: Final = CodedConcept.from_code(codes.SOURCE_IMAGE)

Frame = tuple[int, int]
"""(segment number, slice index)."""


def segmentation_of(result: ReportedResult, regions: MeasuredRegions, source: SourceImages) -> Dataset:
    """Every region as a segment, numbered as in `regions`; the same input gives the same object."""
    at = source.moment(result.measured_at)
    written = _blank(result, source)
    frames = [
        (number, slice_index)
        for number, region in enumerate(regions.regions, start=1)
        for slice_index in region.slices()
    ]
    _add_image(written, source, len(frames))
    _add_segments(written, result, regions)
    _add_dimensions(written, result)
    _add_frames(written, frames, source)
    written.PixelData = _pixels(frames, regions, source)
    written["PixelData"].VR = "OB"
    return dated(written, at, source.header)


def segment_number(regions: MeasuredRegions, region: Region) -> int:
    """From 1, in the order of `regions`."""
    return regions.regions.index(region) + 1


def tracking_id(region: Region) -> str:
    """What people call it, such as "L1 trabecular ROI"."""
    return f"{region.level.value} {_NAMES[region.kind]}"


def _blank(result: ReportedResult, source: SourceImages) -> SOPClass:
    header = source.header
    written = SOPClass(
        study_instance_uid=header.StudyInstanceUID,
        series_instance_uid=result.uids.segmentation_series,
        series_number=SERIES_NUMBER,
        sop_instance_uid=result.uids.segmentation,
        sop_class_uid=SegmentationStorage,
        instance_number=1,
        modality="SEG",
        transfer_syntax_uid=ExplicitVRLittleEndian,
        patient_id=header.PatientID,
        patient_name=header.PatientName,
        patient_birth_date=header.PatientBirthDate,
        patient_sex=header.PatientSex,
        accession_number=header.AccessionNumber,
        study_id=header.StudyID,
        study_date=header.StudyDate or None,
        study_time=header.StudyTime or None,
        referring_physician_name=header.ReferringPhysicianName,
        specific_character_set=header.SpecificCharacterSet,
        series_description="Vertebral bodies and trabecular ROI (investigational)",
        **authorship(result.assessment.software, source.moment(result.measured_at)),
    )
    written.copy_patient_and_study_information(header)
    return written


def _add_image(written: Dataset, source: SourceImages, frame_count: int) -> None:
    """Pixel description, content, frame of reference, and which series it refers to."""
    header = source.header
    written.ImageType = ["DERIVED", "PRIMARY"]
    written.SegmentationType = "BINARY"
    written.SegmentsOverlap = "YES"
    written.ContentLabel = "VERTEBRAE"
    written.ContentDescription = "Vertebral bodies and measured trabecular regions"
    written.ContentCreatorName = None
    written.NumberOfFrames = frame_count
    written.Rows, written.Columns = source.rows, source.columns
    written.SamplesPerPixel, written.PhotometricInterpretation = 1, "MONOCHROME2"
    written.BitsAllocated = written.BitsStored = 1
    written.HighBit = written.PixelRepresentation = 0
    written.LossyImageCompression = "00"
    written.FrameOfReferenceUID = header.FrameOfReferenceUID
    written.PositionReferenceIndicator = header.get("PositionReferenceIndicator")
    if header.get("LossyImageCompression") == "01":
        for keyword in ("LossyImageCompression", "LossyImageCompressionRatio", "LossyImageCompressionMethod"):
            if keyword in header:
                written[keyword] = header[keyword]
    referred = Dataset()
    referred.SeriesInstanceUID = header.SeriesInstanceUID
    referred.ReferencedInstanceSequence = [_reference(image) for image in source.images]
    written.ReferencedSeriesSequence = [referred]


def _add_segments(written: Dataset, result: ReportedResult, regions: MeasuredRegions) -> None:
    algorithm = _algorithm(result.assessment.software)
    written.SegmentSequence = [
        SegmentDescription(
            segment_number=number,
            segment_label=tracking_id(region),
            segmented_property_category=codes.PROPERTY_CATEGORY[region.kind],
            segmented_property_type=_property_type(region),
            algorithm_type="AUTOMATIC",
            algorithm_identification=algorithm,
            tracking_uid=result.uids.tracked(region.kind, region.level),
            tracking_id=tracking_id(region),
            anatomic_regions=[codes.VERTEBRA[region.level]],
        )
        for number, region in enumerate(regions.regions, start=1)
    ]


def _property_type(region: Region) -> Code | CodedConcept:
    return codes.VERTEBRA[region.level] if region.kind == "vertebral-body" else codes.own("trabecular-roi")


def _algorithm(software: Software) -> AlgorithmIdentificationSequence:
    return AlgorithmIdentificationSequence(
        name=software.model,
        family=codes.ARTIFICIAL_INTELLIGENCE,
        version=software.version,
        source="osteocds",
        parameters={"weights_sha256": software.weights_sha256},
    )


def _add_dimensions(written: Dataset, result: ReportedResult) -> None:
    """Frames are ordered by segment, then by position (PS3.3 C.7.6.17)."""
    organization = Dataset()
    organization.DimensionOrganizationUID = result.uids.dimensions
    written.DimensionOrganizationSequence = [organization]
    written.DimensionIndexSequence = []
    for pointer, group, label in (
        ("ReferencedSegmentNumber", "SegmentIdentificationSequence", "Segment Number"),
        ("ImagePositionPatient", "PlanePositionSequence", "Image Position Patient"),
    ):
        index = Dataset()
        index.DimensionOrganizationUID = result.uids.dimensions
        index.DimensionIndexPointer, index.FunctionalGroupPointer = Tag(pointer), Tag(group)
        index.DimensionDescriptionLabel = label
        written.DimensionIndexSequence.append(index)


def _add_frames(written: Dataset, frames: Sequence[Frame], source: SourceImages) -> None:
    shared = Dataset()
    shared.PixelMeasuresSequence = PixelMeasuresSequence(
        pixel_spacing=source.pixel_spacing_mm,
        slice_thickness=source.thickness_mm or source.spacing_mm,
        spacing_between_slices=source.spacing_mm,
    )
    shared.PlaneOrientationSequence = PlaneOrientationSequence("PATIENT", source.directions)
    written.SharedFunctionalGroupsSequence = [shared]
    used = sorted({slice_index for _, slice_index in frames})
    places = {each: _place(source.images[each], order) for order, each in enumerate(used, start=1)}
    written.PerFrameFunctionalGroupsSequence = [_frame(number, places[slice_index]) for number, slice_index in frames]


@dataclass(frozen=True, slots=True)
class _Place:
    """What frames of the same image share; made once for all of them."""

    order: int
    """From 1, over all images that hold a region."""
    position: PlanePositionSequence
    derivation: Dataset


def _place(image: SourceImage, order: int) -> _Place:
    source = _reference(image)
    source.PurposeOfReferenceCodeSequence = [_SOURCE_IMAGE]
    source.SpatialLocationsPreserved = "YES"
    derivation = Dataset()
    derivation.DerivationCodeSequence = [_SEGMENTATION]
    derivation.SourceImageSequence = [source]
    return _Place(order, PlanePositionSequence("PATIENT", image.position_lps_mm), derivation)


def _frame(number: int, place: _Place) -> Dataset:
    """Of one segment in one image: which, where, and made from what."""
    content, identification, frame = Dataset(), Dataset(), Dataset()
    content.DimensionIndexValues = [number, place.order]
    identification.ReferencedSegmentNumber = number
    frame.FrameContentSequence = [content]
    frame.PlanePositionSequence = place.position
    frame.DerivationImageSequence = [place.derivation]
    frame.SegmentIdentificationSequence = [identification]
    return frame


def _reference(image: SourceImage) -> Dataset:
    reference = Dataset()
    reference.ReferencedSOPClassUID = image.sop_class_uid
    reference.ReferencedSOPInstanceUID = image.sop_instance_uid
    return reference


def _pixels(frames: Sequence[Frame], regions: MeasuredRegions, source: SourceImages) -> bytes:
    """One bit a pixel, the first in the lowest bit, of all frames in their order, padded to an even length."""
    packed = io.BytesIO()  # whose value is not copied once more
    for first in range(0, len(frames), _FRAMES_TO_WHOLE_BYTES):
        group = frames[first : first + _FRAMES_TO_WHOLE_BYTES]
        plane = np.zeros((len(group), source.rows, source.columns), bool)
        for place, (number, slice_index) in enumerate(group):
            region = regions.regions[number - 1]
            first_slice, row, column = region.start
            inside = region.inside[slice_index - first_slice]
            plane[place, row : row + inside.shape[0], column : column + inside.shape[1]] = inside
        packed.write(np.packbits(plane, axis=None, bitorder="little").tobytes())
    packed.write(bytes(packed.tell() % 2))
    return packed.getvalue()
