"""Small CT series that vary one thing."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import gdcm
import numpy as np
from pydicom import dcmread, dcmwrite
from pydicom.dataset import Dataset
from pydicom.uid import JPEGLosslessSV1

from cds.ct.acquisition import CtSeries
from cds.ct.patient import ArchivedPatient, PatientIdentity, PatientKey
from cds.ct.volume import CtVolume
from cds.dicomweb.writing import uid_from, write_series

STUDY_UID = uid_from("builder", "study")
SERIES_UID = uid_from("builder", "series")
SPACING_MM = (2.5, 0.75, 0.5)
"""Between slices, rows, columns: all different, so that a mix-up shows."""


def a_patient(patient_id: str = "PAT-1", **facts) -> ArchivedPatient:
    """A woman born 1950 without an issuer."""
    return replace(ArchivedPatient(patient_id, birth_date=date(1950, 3, 1), sex="female"), **facts)


def an_identity(patient_id: str = "PAT-1", issuer: str | None = None, **facts) -> PatientIdentity:
    """The same woman as the chart knows her."""
    known = {"birth_date": date(1950, 3, 1), "sex": "female"} | facts
    return PatientIdentity(PatientKey("tenant", patient_id, issuer), **known)


def a_series(**changes) -> CtSeries:
    """An unenhanced chest CT that nothing speaks against."""
    usual = CtSeries(
        study_uid=STUDY_UID,
        series_uid=SERIES_UID,
        patient=a_patient(),
        modality="CT",
        sop_class_uid="1.2.840.10008.5.1.4.1.1.2",
        image_type=("ORIGINAL", "PRIMARY", "AXIAL"),
        instance_count=12,
        study_date=date(2026, 5, 4),
        body_part="CHEST",
        series_number=2,
        manufacturer="Maker",
        model="Scanner 64",
        kvp=120.0,
        kernel="B30f",
        slice_thickness_mm=2.5,
    )
    return replace(usual, **changes)


def another_series(name: str, **changes) -> CtSeries:
    """A series of its own study, UIDs made from its name."""
    return a_series(study_uid=uid_from(name, "study"), series_uid=uid_from(name, "series"), **changes)


def a_volume(series: CtSeries | None = None, shape: tuple[int, int, int] = (12, 36, 40), seed: int = 0) -> CtVolume:
    """Random tissue in air, axes (slice, row, column); every voxel differs from its neighbours."""
    hu = np.random.default_rng(seed).integers(-1000, 1800, shape, np.int16)
    hu[:, 0, :] = -1024
    affine = np.diag([0.0, 0.0, 0.0, 1.0])
    affine[2, 0], affine[1, 1], affine[0, 2] = SPACING_MM
    affine[:3, 3] = (-123.5, -60.25, -410.0)
    return CtVolume(hu, affine, series or a_series(instance_count=shape[0]))


def written(folder: Path, series: CtSeries | None = None, **options) -> list[Path]:
    """A small series on disk."""
    return list(write_series(folder, a_volume(series), **options))


def edit(path: Path, change: Callable[[Dataset], object] | None = None, **attributes) -> None:
    """Rewrite one file with other attributes; None removes one."""
    dataset = dcmread(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # odd values are the point
        for keyword, value in attributes.items():
            if value is None:
                delattr(dataset, keyword)
            else:
                setattr(dataset, keyword, value)
        if change is not None:
            change(dataset)
        if "SOPInstanceUID" in attributes:
            dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        if "SOPClassUID" in attributes:
            dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
        dcmwrite(path, dataset)


def edit_all(paths: Sequence[Path], **attributes) -> None:
    """Rewrite every file with the same other attributes."""
    for path in paths:
        edit(path, **attributes)


def cut(path: Path, keep: float = 0.6) -> None:
    """Truncate one file."""
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * keep)])


def store_unsigned(path: Path, bits_stored: int = 12, intercept: int = -1024) -> None:
    """Store the same HU as older scanners do: unsigned, fewer bits, the intercept making up for it."""
    dataset = dcmread(path)
    hu = np.frombuffer(dataset.PixelData, "<i2").astype(np.int32)
    dataset.PixelData = (hu - intercept).astype("<u2").tobytes()
    dataset.PixelRepresentation = 0
    dataset.BitsStored, dataset.HighBit = bits_stored, bits_stored - 1
    dataset.RescaleIntercept = intercept
    dcmwrite(path, dataset)


def compress_with_gdcm(path: Path, transfer_syntax: str = JPEGLosslessSV1) -> None:
    """Encode in a transfer syntax that pydicom cannot write: JPEG lossless."""
    reader = gdcm.ImageReader()
    reader.SetFileName(str(path))
    assert reader.Read()
    change = gdcm.ImageChangeTransferSyntax()
    change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.GetTSType(transfer_syntax)))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer = gdcm.ImageWriter()
    writer.SetFileName(str(path))
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    assert writer.Write()


def an_mr_series(folder: Path, count: int = 3) -> list[Path]:
    """A few MR images of the same patient."""
    series = another_series("mr", modality="MR", sop_class_uid="1.2.840.10008.5.1.4.1.1.4")
    return list(write_series(folder, a_volume(series, (count, 36, 40))))
