"""The CTs that are screened: real voxels under made-up patients, in a real archive.

`chest`: LIDC-IDRI-0001 re-sliced to 300 slices, the scan that design and benchmarks speak of. `native`: lidc_0314, 275
slices as they were reconstructed, where ../shared has it. `long`: LIDC-IDRI-0001 stacked upon its mirror image to
1,000 slices, for its memory; its names mean nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import requests
from pydicom import Dataset, dcmread, dcmwrite
from pydicom.filebase import DicomBytesIO

from cds.ct.patient import ArchivedPatient
from cds.ct.volume import CtVolume
from cds.dicomweb.writing import uid_from, write_series
from models.vertebra_segmentation.grid import Image
from tests.benchmarks.segmentation.data_folders import DataFolders
from tests.benchmarks.segmentation.measuring import volume_of
from tests.benchmarks.segmentation.reading import read_image
from tests.benchmarks.segmentation.speed import SLICES, SUBJECT, lengthened, with_slices
from tests.support.orthanc import Orthanc

NATIVE = "lidc_0314/ct.nii.gz"
STUDY_DATE = date(2026, 5, 4)
_BORN, _SEX = date(1950, 3, 1), "female"


@dataclass(frozen=True, slots=True)
class Scan:
    """One CT on disk, to be stored under many patients."""

    name: str
    files: tuple[Path, ...]
    shape: tuple[int, int, int]
    extent_mm: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Stored:
    """One study in the archive."""

    patient_id: str
    scan: str
    study_uid: str
    series_uid: str
    images: int
    size_bytes: int
    """Of all its files."""


def scans(folders: DataFolders, folder: Path) -> Mapping[str, Scan]:
    """Those whose voxels are here, written as DICOM below `folder`."""
    chest = folders.find(SUBJECT)
    if chest is None:
        message = f"{SUBJECT} cannot be had: the sample is needed"
        raise FileNotFoundError(message)
    image = read_image(chest)
    found = {"chest": _written("chest", with_slices(image, SLICES), folder)}
    found["long"] = _written("long", lengthened(image), folder)
    native = folders.find(NATIVE)
    if native is not None:
        found["native"] = _written("native", read_image(native), folder)
    return found


def _written(name: str, image: Image, folder: Path) -> Scan:
    volume = _dated(volume_of(image.values, image.affine_lps, float(image.spacing_mm[0])))
    depth, rows, columns = volume.hu.shape
    extent = tuple(float(count * mm) for count, mm in zip(volume.hu.shape, volume.spacing_mm, strict=True))
    files = tuple(write_series(folder / name, volume, seed=name))
    return Scan(name, files, (depth, rows, columns), (extent[0], extent[1], extent[2]))


def _dated(volume: CtVolume) -> CtVolume:
    patient = ArchivedPatient("nobody", birth_date=_BORN, sex=_SEX)
    series = replace(volume.series, study_uid="", series_uid="", patient=patient, study_date=STUDY_DATE)
    return replace(volume, series=replace(series, body_part="CHEST", patient_age_years=None))


def store(orthanc: Orthanc, names: Sequence[tuple[str, Scan]], transfer_syntax: str | None = None) -> Iterator[Stored]:
    """One study for each (patient identifier, scan); compressed without loss where a transfer syntax is named."""
    with requests.Session() as session:
        for patient_id, scan in names:
            size = 0
            for file in scan.files:
                dataset = dcmread(file)
                if transfer_syntax is not None:
                    dataset.compress(transfer_syntax, generate_instance_uid=False)
                image = _renamed(dataset, patient_id)
                size += len(image)
                session.post(f"{orthanc.root}/instances", data=image, timeout=60).raise_for_status()
            uids = _uid(patient_id, "study"), _uid(patient_id, "series")
            yield Stored(patient_id, scan.name, *uids, len(scan.files), size)


def _renamed(image: Dataset, patient_id: str) -> bytes:
    """The same image of another patient, in a study of its own."""
    image.PatientID = patient_id
    image.StudyInstanceUID = _uid(patient_id, "study")
    image.SeriesInstanceUID = _uid(patient_id, "series")
    image.FrameOfReferenceUID = _uid(patient_id, "frame")
    image.SOPInstanceUID = _uid(patient_id, str(image.InstanceNumber))
    image.file_meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID
    written = DicomBytesIO()
    dcmwrite(written, image)
    return written.getvalue()


def _uid(patient_id: str, what: str) -> str:
    return uid_from("screen", patient_id, what)
