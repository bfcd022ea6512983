"""One file of a folder, read up to its pixels: a CT image, something else, or damaged.

Whether the pixels are complete is told by comparing the lengths that the file declares with its
size, so nothing is decoded and a thousand files take about a second.
"""

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Literal

from pydicom import dcmread
from pydicom.datadict import tag_for_keyword
from pydicom.dataset import Dataset, FileDataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.uid import UID, ImplicitVRLittleEndian

from cds.ct.acquisition import CtSeries
from cds.ct.patient import ArchivedPatient
from cds.dicomweb.attributes import DatasetAttributes, first_text, text
from cds.dicomweb.dataset import CT_IMAGE_STORAGE, patient_of, series_of
from cds.dicomweb.inflating import inflates_too_far
from cds.dicomweb.slices import CtSlice, slice_of

Kind = Literal["ct", "ct-cut-short", "other-dicom", "not-dicom", "unreadable"]

DAMAGED: Final = (
    InvalidDicomError,
    BytesLengthException,
    EOFError,
    ValueError,
    KeyError,
    IndexError,
    TypeError,
    AttributeError,
    NotImplementedError,
    OverflowError,
    RecursionError,  # sequences within sequences, hundreds deep
    struct.error,
    zlib.error,
)
"""What pydicom raises for files that are no DICOM, or no longer."""

_PREAMBLE, _MAGIC = 128, b"DICM"
_FIRST_GROUPS = (b"\x02\x00", b"\x08\x00")
"""Files of old research systems start with the dataset itself."""
_DICOMDIR = "1.2.840.10008.1.3.10"
_PIXEL_DATA = (0x7FE0, 0x0010)
_ITEM, _SEQUENCE_END = (0xFFFE, 0xE000), (0xFFFE, 0xE0DD)
_UNDEFINED_LENGTH = 0xFFFFFFFF
_LONG_VRS = frozenset({b"OB", b"OW", b"UN", b"OF", b"OD", b"OL", b"OV"})

_KEYWORDS = (
    "SOPClassUID SOPInstanceUID StudyInstanceUID SeriesInstanceUID FrameOfReferenceUID Modality ImageType "
    "StudyDate SeriesDate AcquisitionDate StudyDescription SeriesDescription ProtocolName BodyPartExamined "
    "SeriesNumber Manufacturer ManufacturerModelName StationName DeviceSerialNumber KVP ConvolutionKernel "
    "SliceThickness PixelSpacing Rows Columns GantryDetectorTilt FilterType FilterMaterial ContrastBolusAgent "
    "RescaleType RescaleSlope RescaleIntercept LossyImageCompression PatientID IssuerOfPatientID PatientName "
    "PatientBirthDate PatientSex PatientAge ImagePositionPatient ImageOrientationPatient NumberOfFrames "
    "SamplesPerPixel BitsAllocated PixelPaddingValue PixelPaddingRangeLimit SpecificCharacterSet"
)
_TAGS: Final = [tag for keyword in _KEYWORDS.split() if (tag := tag_for_keyword(keyword)) is not None]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScannedFile:
    """What one file is; `image` and `series` for CT images, complete or cut short within the pixels."""

    name: str
    """Path relative to the folder."""
    size: int
    kind: Kind
    modality: str = ""
    patient: ArchivedPatient | None = None
    patient_name: str | None = None
    """Only to tell apart patients whose identifier was removed; shown nowhere."""
    image: CtSlice | None = None
    series: CtSeries | None = None


def read_header(path: Path, name: str, size: int) -> ScannedFile:
    """Read one file up to its pixels; damage is a kind, not an exception."""
    try:
        with path.open("rb") as file:
            if not _looks_like_dicom(file, size):
                cut = size < _PREAMBLE + len(_MAGIC) and path.suffix.lower() in {".dcm", ".dicom"}
                return ScannedFile(name=name, size=size, kind="ct-cut-short" if cut else "not-dicom")
            if inflates_too_far(file):
                return ScannedFile(name=name, size=size, kind="ct-cut-short")
            dataset = dcmread(file, stop_before_pixels=True, specific_tags=_TAGS, force=True)
            return _described(dataset, file, name, size)
    except OSError:
        return ScannedFile(name=name, size=size, kind="unreadable")
    except DAMAGED:
        return ScannedFile(name=name, size=size, kind="ct-cut-short")


def transfer_syntax_of(dataset: Dataset) -> UID:
    """The transfer syntax UID of the file, implicit little endian where no header names one."""
    found = _meta(dataset, "TransferSyntaxUID")
    return UID(str(found)) if found else ImplicitVRLittleEndian


def _meta(dataset: Dataset, keyword: str) -> object:
    """Read one value of the file meta information; None for files that have none."""
    return getattr(dataset, "file_meta", {}).get(keyword)


def _looks_like_dicom(file: BinaryIO, size: int) -> bool:
    start = file.read(_PREAMBLE + len(_MAGIC))
    file.seek(0)
    bare = size > len(start) and start[:2] in _FIRST_GROUPS and start[3:4] == b"\x00"
    return start[_PREAMBLE:] == _MAGIC or bare


def _described(dataset: FileDataset, file: BinaryIO, name: str, size: int) -> ScannedFile:
    attributes = DatasetAttributes(dataset)
    transfer_syntax = transfer_syntax_of(dataset)
    patient = patient_of(attributes)
    stored_as = first_text(attributes, "SOPClassUID") or str(_meta(dataset, "MediaStorageSOPClassUID") or "")
    modality = (first_text(attributes, "Modality") or "").upper()
    if modality != "CT" and not (not modality and stored_as == CT_IMAGE_STORAGE):
        other = modality or ("DICOMDIR" if stored_as == _DICOMDIR else "")
        return ScannedFile(name=name, size=size, kind="other-dicom", modality=other, patient=patient)
    if attributes.values("Rows") is None and stored_as not in ("", CT_IMAGE_STORAGE):
        return ScannedFile(name=name, size=size, kind="other-dicom", modality="CT without pixels", patient=patient)
    if attributes.values("Rows") is None:  # cut within the header: the last value may be half of an identifier
        return ScannedFile(name=name, size=size, kind="ct-cut-short")
    complete = _is_complete(file, size, transfer_syntax)
    return ScannedFile(
        name=name,
        size=size,
        kind="ct" if complete else "ct-cut-short",
        modality=modality,
        patient=patient,
        patient_name=text(attributes, "PatientName"),
        image=slice_of(attributes, name=name, transfer_syntax=transfer_syntax),
        series=series_of(attributes, transfer_syntax=transfer_syntax),
    )


def _is_complete(file: BinaryIO, size: int, transfer_syntax: UID) -> bool:
    """Whether the pixel data that start at the file's position end within the file."""
    if transfer_syntax.is_deflated:
        return True  # inflating has succeeded, and that checks its own length
    order = "<" if transfer_syntax.is_little_endian else ">"
    header = file.read(8)
    if len(header) < 8 or struct.unpack(order + "HH", header[:4]) != _PIXEL_DATA:
        return False
    if transfer_syntax.is_implicit_VR:
        (length,) = struct.unpack(order + "L", header[4:])
    elif header[4:6] in _LONG_VRS:
        (length,) = struct.unpack(order + "L", file.read(4).ljust(4, b"\x00"))
    else:
        (length,) = struct.unpack(order + "H", header[6:])
    if length == _UNDEFINED_LENGTH:
        return _fragments_end(file, size, order)
    end: int = file.tell() + length
    return end <= size


def _fragments_end(file: BinaryIO, size: int, order: str) -> bool:
    """Walk the fragments of encapsulated pixel data (PS3.5 A.4) to their delimiter."""
    while len(header := file.read(8)) == 8:
        group, element, length = struct.unpack(order + "HHL", header)
        if (group, element) == _SEQUENCE_END:
            return True
        if (group, element) != _ITEM or file.tell() + length > size:
            return False
        file.seek(length, 1)
    return False
