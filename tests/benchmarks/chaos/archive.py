"""An archive with as many patients as there will be orders: a few simulated ones, each under many identifiers."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import requests
from pydicom import Dataset, dcmread, dcmwrite
from pydicom.filebase import DicomBytesIO

from cds.dicomweb.writing import uid_from
from tests.support.orthanc import Orthanc

PIXEL_MM = 3
"""Coarse: the networks read 3 mm, and 200 studies have to be kept."""


@dataclass(frozen=True, slots=True)
class Patient:
    """As the chart knows one."""

    patient_id: str
    birth_date: str
    """YYYY-MM-DD."""
    gender: str


def simulated(folder: Path, count: int) -> Sequence[Path]:
    """The series of `osteocds simulate`."""
    command = [sys.executable, "-m", "cds.cli", "simulate", "--out", str(folder), "--count", str(count)]
    made = subprocess.run(
        [*command, "--pixel-mm", str(PIXEL_MM)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        stderr=subprocess.DEVNULL,
    )
    return [Path(line) for line in made.stdout.split("\n") if line]


def fill(orthanc: Orthanc, series: Sequence[Path], patients: int) -> Iterator[Patient]:
    """Store one study for each patient."""
    datasets = [[dcmread(path) for path in sorted(each.iterdir())] for each in series]
    with requests.Session() as session:
        for number in range(patients):
            images = datasets[number % len(datasets)]
            patient_id = f"CHAOS-{number:04d}"
            for image in images:
                answer = session.post(f"{orthanc.root}/instances", data=_renamed(image, patient_id), timeout=30)
                answer.raise_for_status()
            born, sex = str(images[0].PatientBirthDate), str(images[0].PatientSex)
            yield Patient(patient_id, f"{born[:4]}-{born[4:6]}-{born[6:]}", {"F": "female", "M": "male"}[sex])


def _renamed(image: Dataset, patient_id: str) -> bytes:
    """The same image of another patient, in a study of its own."""
    image.PatientID = patient_id
    image.StudyInstanceUID = uid_from("chaos", patient_id, "study")
    image.SeriesInstanceUID = uid_from("chaos", patient_id, "series")
    image.FrameOfReferenceUID = uid_from("chaos", patient_id, "frame")
    image.SOPInstanceUID = uid_from("chaos", patient_id, str(image.InstanceNumber))
    image.file_meta.MediaStorageSOPInstanceUID = image.SOPInstanceUID
    written = DicomBytesIO()
    dcmwrite(written, image)
    return written.getvalue()
