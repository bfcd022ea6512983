"""One series from the archive to a volume: with one thread and with two, beside reading its bytes and no more."""

import time
from collections.abc import Callable, Mapping
from statistics import median

import requests

from cds.ct.acquisition import CtSeries
from cds.ct.patient import ArchivedPatient
from cds.ct.volume import CtVolume
from cds.dicomweb.web import DicomwebArchive
from cds.dicomweb.web_session import ArchiveSession, ConnectionPolicy
from tests.benchmarks.screen.studies import Stored
from tests.support.orthanc import Orthanc

_REPEATS = 3
_AS_STORED = 'multipart/related; type="application/dicom"; transfer-syntax=*'


def retrieval_s(orthanc: Orthanc, stored: Stored) -> Mapping[str, float]:
    """Median seconds of each way."""
    return {
        "bytes alone": _median_s(lambda: _bytes_alone(orthanc, stored)),
        **{
            f"volume, {threads} thread(s)": _median_s(lambda n=threads: _volume(orthanc, stored, n))
            for threads in (1, 2)
        },
    }


def _median_s(act: Callable[[], None]) -> float:
    taken = []
    for _ in range(_REPEATS):
        begun = time.perf_counter()
        act()
        taken.append(time.perf_counter() - begun)
    return round(median(taken), 2)


def _bytes_alone(orthanc: Orthanc, stored: Stored) -> None:
    url = f"{orthanc.dicomweb}/studies/{stored.study_uid}/series/{stored.series_uid}"
    with requests.get(url, headers={"Accept": _AS_STORED}, stream=True, timeout=60) as answer:
        answer.raise_for_status()
        for _ in answer.iter_content(1 << 18):
            pass


def _volume(orthanc: Orthanc, stored: Stored, threads: int) -> None:
    session = ArchiveSession(orthanc.dicomweb, ConnectionPolicy())
    archive = DicomwebArchive(orthanc.dicomweb, session, threads=threads)
    series = CtSeries(
        study_uid=stored.study_uid,
        series_uid=stored.series_uid,
        patient=ArchivedPatient(stored.patient_id),
        modality="CT",
        instance_count=stored.images,
    )
    volume = archive.retrieve(series)
    archive.close()
    if not isinstance(volume, CtVolume):
        raise TypeError(f"{stored.scan} was refused: {[each.code for each in volume.reasons]}")
