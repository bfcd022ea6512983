"""One DICOM header, or one DICOM JSON object, becomes a `CtSeries`."""

from typing import Final

from cds.ct.acquisition import CtSeries
from cds.ct.patient import ArchivedPatient, Sex
from cds.dicomweb.attributes import (
    Attributes,
    age_in_years,
    day,
    first_text,
    number,
    numbers,
    text,
    whole,
)

CT_IMAGE_STORAGE: Final = "1.2.840.10008.5.1.4.1.1.2"
ENHANCED_CT_STORAGES: Final = frozenset({"1.2.840.10008.5.1.4.1.1.2.1", "1.2.840.10008.5.1.4.1.1.2.2"})
"""Enhanced CT and Legacy Converted Enhanced CT: many frames in one instance."""

_YES_OR_NO: Final = {"YES": True, "NO": False}
_SEXES: Final[dict[str, Sex]] = {"M": "male", "F": "female"}
LOSSY_TRANSFER_SYNTAXES: Final = frozenset(
    {
        "1.2.840.10008.1.2.4.50",  # JPEG baseline
        "1.2.840.10008.1.2.4.51",  # JPEG extended
        "1.2.840.10008.1.2.4.81",  # JPEG-LS near-lossless
    }
)


def patient_of(source: Attributes) -> ArchivedPatient:
    """The patient as one image names them (PS3.3 C.7.1.1).

    IssuerOfPatientIDQualifiersSequence is not read: the issuer is the text of (0010,0021).
    """
    return ArchivedPatient(
        patient_id=text(source, "PatientID") or "",
        issuer=text(source, "IssuerOfPatientID"),
        birth_date=day(source, "PatientBirthDate"),
        sex=_SEXES.get((first_text(source, "PatientSex") or "").upper()),
    )


def series_of(source: Attributes, *, instance_count: int | None = None, transfer_syntax: str | None = None) -> CtSeries:
    """The series that one of its images describes; nothing is checked, nothing raises.

    `transfer_syntax`: UID, from the file meta information, where it is known.
    """
    agent = source.values("ContrastBolusAgent")
    return CtSeries(
        study_uid=first_text(source, "StudyInstanceUID") or "",
        series_uid=first_text(source, "SeriesInstanceUID") or "",
        patient=patient_of(source),
        modality=(first_text(source, "Modality") or "").upper(),
        sop_class_uid=first_text(source, "SOPClassUID"),
        image_type=tuple(value.upper() for value in source.values("ImageType") or ()),
        instance_count=instance_count,
        study_date=day(source, "StudyDate") or day(source, "SeriesDate") or day(source, "AcquisitionDate"),
        study_description=text(source, "StudyDescription"),
        series_description=text(source, "SeriesDescription"),
        protocol_name=text(source, "ProtocolName"),
        body_part=text(source, "BodyPartExamined"),
        series_number=whole(source, "SeriesNumber"),
        manufacturer=text(source, "Manufacturer"),
        model=text(source, "ManufacturerModelName"),
        station_name=text(source, "StationName"),
        device_serial_number=text(source, "DeviceSerialNumber"),
        kvp=_positive(number(source, "KVP")),
        kernel=first_text(source, "ConvolutionKernel"),
        slice_thickness_mm=_positive(number(source, "SliceThickness")),
        pixel_spacing_mm=pair_of(source, "PixelSpacing"),
        rows=whole(source, "Rows"),
        columns=whole(source, "Columns"),
        gantry_tilt_deg=number(source, "GantryDetectorTilt"),
        filter_type=text(source, "FilterType"),
        filter_material=text(source, "FilterMaterial"),
        multi_energy=_YES_OR_NO.get((first_text(source, "MultienergyCTAcquisition") or "").upper()),
        contrast_agent=None if agent is None else "\\".join(agent),
        rescale_type=text(source, "RescaleType"),
        lossy=first_text(source, "LossyImageCompression") == "01" or transfer_syntax in LOSSY_TRANSFER_SYNTAXES,
        patient_age_years=age_in_years(source, "PatientAge"),
    )


def pair_of(source: Attributes, keyword: str) -> tuple[float, float] | None:
    """Exactly two positive numbers, such as PixelSpacing (between rows, between columns)."""
    values = numbers(source, keyword)
    if values is None or len(values) != 2 or min(values) <= 0:
        return None
    return values[0], values[1]


def _positive(value: float | None) -> float | None:
    return value if value is not None and value > 0 else None
