"""One CT image as its header describes it: all that assembly needs to know before the pixels."""

from dataclasses import dataclass
from typing import Final

from cds.ct.patient import ArchivedPatient
from cds.dicomweb.attributes import Attributes, first_text, number, numbers, whole
from cds.dicomweb.dataset import LOSSY_TRANSFER_SYNTAXES, pair_of, patient_of

Triple = tuple[float, float, float]
"""LPS: millimetres for a position, cosines for a direction."""

_SIXTEEN_BITS: Final = 0xFFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class CtSlice:
    """Attributes of one image (PS3.3 C.7.6.2 plane, C.7.6.3 pixels, C.8.2.1 CT image).

    None where absent or malformed; `name` is what messages call the image.
    """

    name: str
    patient: ArchivedPatient
    modality: str
    study_uid: str | None
    series_uid: str | None
    sop_instance_uid: str | None
    sop_class_uid: str | None
    frame_of_reference_uid: str | None
    image_type: tuple[str, ...]
    frames: int
    samples_per_pixel: int
    rows: int | None
    columns: int | None
    pixel_spacing_mm: tuple[float, float] | None
    """(between rows, between columns)."""
    position_lps_mm: Triple | None
    """Centre of the first pixel."""
    row_direction: Triple | None
    """Where the column index grows."""
    column_direction: Triple | None
    """Where the row index grows."""
    thickness_mm: float | None
    gantry_tilt_deg: float | None
    kvp: float | None
    kernel: str | None
    rescale_slope: float | None
    rescale_intercept: float | None
    rescale_type: str | None
    padding: tuple[int, int] | None
    """Stored values from and to which a pixel is padding, as 16-bit patterns."""
    transfer_syntax: str
    lossy: bool


def slice_of(source: Attributes, *, name: str, transfer_syntax: str) -> CtSlice:
    """Read one image header; nothing is checked, nothing raises."""
    directions = numbers(source, "ImageOrientationPatient")
    complete = directions is not None and len(directions) == 6
    return CtSlice(
        name=name,
        patient=patient_of(source),
        modality=(first_text(source, "Modality") or "").upper(),
        study_uid=first_text(source, "StudyInstanceUID"),
        series_uid=first_text(source, "SeriesInstanceUID"),
        sop_instance_uid=first_text(source, "SOPInstanceUID"),
        sop_class_uid=first_text(source, "SOPClassUID"),
        frame_of_reference_uid=first_text(source, "FrameOfReferenceUID"),
        image_type=tuple(value.upper() for value in source.values("ImageType") or ()),
        frames=whole(source, "NumberOfFrames") or 1,
        samples_per_pixel=whole(source, "SamplesPerPixel") or 1,
        rows=whole(source, "Rows"),
        columns=whole(source, "Columns"),
        pixel_spacing_mm=pair_of(source, "PixelSpacing"),
        position_lps_mm=_triple(numbers(source, "ImagePositionPatient")),
        row_direction=_triple(directions[:3]) if directions and complete else None,
        column_direction=_triple(directions[3:]) if directions and complete else None,
        thickness_mm=number(source, "SliceThickness"),
        gantry_tilt_deg=number(source, "GantryDetectorTilt"),
        kvp=number(source, "KVP"),
        kernel=first_text(source, "ConvolutionKernel"),
        rescale_slope=number(source, "RescaleSlope"),
        rescale_intercept=number(source, "RescaleIntercept"),
        rescale_type=first_text(source, "RescaleType"),
        padding=_padding(source),
        transfer_syntax=transfer_syntax,
        lossy=first_text(source, "LossyImageCompression") == "01" or transfer_syntax in LOSSY_TRANSFER_SYNTAXES,
    )


def _triple(values: tuple[float, ...] | None) -> Triple | None:
    if values is None or len(values) != 3:
        return None
    return values[0], values[1], values[2]


def _padding(source: Attributes) -> tuple[int, int] | None:
    """PixelPaddingValue and PixelPaddingRangeLimit (PS3.3 C.7.5.1.1.2).

    Some writers store the value with the wrong signedness (63536 for -2000), so both are kept
    as bit patterns and read again with the signedness of the pixels.
    """
    value = whole(source, "PixelPaddingValue")
    if value is None:
        return None
    limit = whole(source, "PixelPaddingRangeLimit")
    return value & _SIXTEEN_BITS, (value if limit is None else limit) & _SIXTEEN_BITS
