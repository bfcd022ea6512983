"""Writes a volume as a DICOM CT series: one CT Image Storage file for each slice."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmwrite
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID, ExplicitVRLittleEndian
from pydicom.valuerep import DSfloat

from cds.ct.acquisition import CtSeries
from cds.ct.volume import CtVolume
from cds.dicomweb.dataset import CT_IMAGE_STORAGE

_IMPLEMENTATION_CLASS_UID: Final = "2.25.96231049117285041573320913571283465103"
_BITS: Final = 16


def write_series(
    directory: Path,
    volume: CtVolume,
    *,
    seed: str = "",
    comments: str | None = None,
    transfer_syntax: str = ExplicitVRLittleEndian,
) -> Sequence[Path]:
    """Write IM0001.dcm ... into `directory`, made if needed, and return the paths in slice order.

    Attributes come from `volume.series`. Identifiers that it leaves empty, and those of the
    images, follow from `seed`: the same seed gives the same UIDs, byte for byte the same files.
    `comments` become ImageComments (0020,4000).
    The volume must not be sheared: rows and columns orthogonal to each other (PS3.3 C.7.6.2).
    """
    directory.mkdir(parents=True, exist_ok=True)
    shared = shared_attributes(volume.series, seed)
    if comments is not None:
        shared.ImageComments = comments
    _add_plane(shared, volume)
    syntax = UID(transfer_syntax)
    paths = []
    for index in range(volume.hu.shape[0]):
        image = _image(shared, volume, index)
        if syntax.is_encapsulated:
            image.compress(syntax, generate_instance_uid=False)
        elif not syntax.is_little_endian:
            image.PixelData = volume.hu[index].astype(">i2").tobytes()
        image.file_meta.TransferSyntaxUID = syntax
        path = directory / f"IM{index + 1:04d}.dcm"
        dcmwrite(path, image, enforce_file_format=True)
        paths.append(path)
    return paths


def uid_from(*parts: str) -> UID:
    """Make a UID in the UUID-derived form (PS3.5 B.2); the same parts give the same UID."""
    return UID(f"2.25.{int.from_bytes(hashlib.sha256('|'.join(parts).encode()).digest()[:16], 'big')}")


def shared_attributes(series: CtSeries, seed: str) -> Dataset:
    """Everything that all images of the series have in common, but for the geometry."""
    dataset = Dataset()
    dataset.SOPClassUID = UID(series.sop_class_uid or CT_IMAGE_STORAGE)
    dataset.StudyInstanceUID = UID(series.study_uid or uid_from(seed, "study"))
    dataset.SeriesInstanceUID = UID(series.series_uid or uid_from(seed, "series"))
    dataset.FrameOfReferenceUID = uid_from(dataset.StudyInstanceUID, "frame of reference")
    dataset.PatientID = series.patient.patient_id
    dataset.PatientName = ""
    dataset.PatientBirthDate = _da(series.patient.birth_date.isoformat() if series.patient.birth_date else "")
    dataset.PatientSex = {"male": "M", "female": "F", None: ""}[series.patient.sex]
    dataset.StudyDate = _da(series.study_date.isoformat() if series.study_date else "")
    dataset.StudyTime = dataset.AccessionNumber = dataset.ReferringPhysicianName = dataset.StudyID = ""
    dataset.PositionReferenceIndicator = dataset.PatientPosition = ""
    dataset.Modality = series.modality or "CT"
    dataset.ImageType = list(series.image_type or ("ORIGINAL", "PRIMARY", "AXIAL"))
    dataset.SeriesNumber = series.series_number
    dataset.AcquisitionNumber = None
    dataset.Manufacturer = series.manufacturer or ""
    dataset.KVP = _ds(series.kvp)
    dataset.LossyImageCompression = "01" if series.lossy else "00"
    optional: dict[str, object] = {
        "IssuerOfPatientID": series.patient.issuer,
        "PatientAge": f"{series.patient_age_years:03d}Y" if series.patient_age_years is not None else None,
        "StudyDescription": series.study_description,
        "SeriesDescription": series.series_description,
        "ProtocolName": series.protocol_name,
        "BodyPartExamined": series.body_part,
        "ManufacturerModelName": series.model,
        "StationName": series.station_name,
        "DeviceSerialNumber": series.device_serial_number,
        "ConvolutionKernel": series.kernel,
        "GantryDetectorTilt": _ds(series.gantry_tilt_deg),
        "FilterType": series.filter_type,
        "FilterMaterial": series.filter_material.split("\\") if series.filter_material else None,
        "MultienergyCTAcquisition": None if series.multi_energy is None else "YES" if series.multi_energy else "NO",
        "ContrastBolusAgent": series.contrast_agent,
        "RescaleType": series.rescale_type or "HU",
    }
    for keyword, value in optional.items():
        if value is not None:
            setattr(dataset, keyword, value)
    return dataset


def _add_plane(dataset: Dataset, volume: CtVolume) -> None:
    """Add what places and encodes every image alike (PS3.3 C.7.6.2, C.7.6.3, C.8.2.1)."""
    spacing_mm = volume.spacing_mm
    along_columns = volume.affine_lps[:3, 1] / spacing_mm[1]
    along_rows = volume.affine_lps[:3, 2] / spacing_mm[2]
    if abs(float(along_rows @ along_columns)) > 1e-4:
        raise ValueError("rows and columns of the volume are not orthogonal")
    dataset.SliceThickness = _ds(volume.series.slice_thickness_mm or spacing_mm[0])
    dataset.PixelSpacing = [_ds(spacing_mm[1]), _ds(spacing_mm[2])]
    dataset.ImageOrientationPatient = [_ds(cosine) for cosine in (*along_rows, *along_columns)]
    dataset.Rows, dataset.Columns = volume.hu.shape[1:]
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = _BITS
    dataset.HighBit = _BITS - 1
    dataset.PixelRepresentation = 1
    dataset.RescaleIntercept, dataset.RescaleSlope = _ds(0.0), _ds(1.0)


def _image(shared: Dataset, volume: CtVolume, index: int) -> Dataset:
    image = Dataset(shared)
    image.SOPInstanceUID = uid_from(shared.SeriesInstanceUID, "image", str(index))
    image.InstanceNumber = index + 1
    position_mm: NDArray[np.float64] = volume.affine_lps @ np.array([index, 0, 0, 1])
    image.ImagePositionPatient = [_ds(coordinate) for coordinate in position_mm[:3]]
    image.PixelData = volume.hu[index].astype("<i2").tobytes()
    image["PixelData"].VR = "OW"
    image.file_meta = FileMetaDataset()
    image.file_meta.MediaStorageSOPClassUID = image.SOPClassUID
    image.file_meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID
    image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    image.file_meta.ImplementationClassUID = UID(_IMPLEMENTATION_CLASS_UID)
    return image


def _da(iso: str) -> str:
    return iso.replace("-", "")


def _ds(value: float | None) -> DSfloat | None:
    """A decimal string of at most 16 characters (PS3.5 6.2)."""
    return None if value is None else DSfloat(float(value), auto_format=True)
