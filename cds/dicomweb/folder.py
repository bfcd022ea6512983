"""A folder of DICOM files as an imaging archive; strictly read-only."""

import os
import stat
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path

from pydicom import dcmread
from pydicom.dataset import Dataset

from cds.ct.acquisition import CtSeries
from cds.ct.patient import PatientIdentity, PatientKey, carries, check_patient
from cds.ct.reason import NotAssessable
from cds.ct.volume import CtVolume
from cds.dicomweb.assembly import assemble_volume, refused_headers
from cds.dicomweb.attributes import DatasetAttributes
from cds.dicomweb.decoding import Image, decoding_threads
from cds.dicomweb.folder_scan import FolderScan, FolderSeries, scan_of
from cds.dicomweb.pixels import Unreadable, reasons_for
from cds.dicomweb.quiet import silence_libraries
from cds.dicomweb.scanned_file import DAMAGED, ScannedFile, read_header, transfer_syntax_of
from cds.dicomweb.slices import slice_of
from cds.errors import ArchiveUnavailable, NoCtFound, StudyVanished
from cds.ports import Progress, StudyStanding
from cds.study import ListedStudy

_Stamp = tuple[int, int]
"""(size in bytes, time of change in ns): what tells that a file is still the same."""


def scan_folder(path: Path, progress: Progress | None = None) -> FolderScan:
    """Look at every file below `path` (or at the one file that it is); nothing is refused yet.

    Raises `NoCtFound` where there is no such folder.
    """
    return FolderArchive(path).scan(progress)


class FolderArchive:
    """Implements `ImagingArchive` over one folder, which may hold many patients.

    Files may have any name and lie at any depth; links are followed, loops are not. Files that
    come, go or change are noticed at the next question. Safe to use from several threads.
    """

    def __init__(self, root: Path, threads: int | None = None) -> None:
        """Nothing is read before the first question; `threads` decode, by default as many as there are cores."""
        silence_libraries()
        self._threads = decoding_threads(threads)
        self._root = root
        self._known: dict[str, tuple[_Stamp, ScannedFile]] = {}
        self._lock = threading.Lock()

    def scan(self, progress: Progress | None = None) -> FolderScan:
        """Everything in the folder as it is now; only new and changed files are read."""
        with self._lock:
            try:
                present = sorted(_walk(self._root))
            except OSError as error:
                raise NoCtFound(f"{self._root} cannot be read: {error.strerror}") from error
            fresh: dict[str, tuple[_Stamp, ScannedFile]] = {}
            for number, (name, path, stamp) in enumerate(present):
                known = self._known.get(name)
                fresh[name] = known if known and known[0] == stamp else (stamp, read_header(path, name, stamp[0]))
                if progress is not None:
                    progress("reading headers", (number + 1) / len(present))
            self._known = fresh
            return scan_of(self._root, [file for _, file in fresh.values()])

    def find_series(self, patient: PatientIdentity) -> Sequence[CtSeries]:
        """Every CT series under the patient's identifier (and issuer, where the key has one)."""
        return tuple(content.facts for content in self._scan_as_archive().contents if _holds(content, patient.key))

    def retrieve(self, series: CtSeries, progress: Progress | None = None) -> CtVolume | NotAssessable:
        """The voxels of one series; raises `StudyVanished` if its files are gone."""
        content = next(
            (content for content in self._scan_as_archive().contents if content.facts.series_uid == series.series_uid),
            None,
        )
        if content is None:
            raise StudyVanished("the series is no longer in the folder")
        if content.cut_short:
            faults = [Unreadable("image-truncated", name) for name in content.cut_short]
            return NotAssessable(reasons_for(faults))
        reason = refused_headers([file.image for file in content.files if file.image is not None], series)
        if reason is not None:
            return NotAssessable((reason,))
        images = self._images(content, progress)
        return assemble_volume(images, series, len(content.files), threads=self._threads)

    def standing(self, study_uid: str, series_uid: str, patient: PatientIdentity) -> StudyStanding:
        """Of a folder without any CT nothing is believed: it is perhaps not mounted."""
        held = self._scan_as_archive().series
        if not held:
            raise ArchiveUnavailable(f"{self._root} holds no CT at all: is it mounted?")
        study = [each for each in held if each.study_uid == study_uid]
        if any(check_patient(patient, each.patient) == "mismatch" for each in study):
            return "another-patient"
        return "held" if any(each.series_uid == series_uid for each in study) else "gone"

    def studies(
        self,
        first: date,
        last: date,
        *,
        patient_id: str | None = None,
        before_request: Callable[[], None] = lambda: None,
    ) -> Iterator[ListedStudy]:
        """Every study with CT of these days, each once, as a `StudyIndex`; the patient is that of its first series."""
        before_request()
        found: dict[str, ListedStudy] = {}
        for facts in self._scan_as_archive().series:
            known = found.get(facts.study_uid)
            instances = (facts.instance_count or 0) + (known.instances or 0 if known else 0)
            whose = known.patient if known else facts.patient
            found[facts.study_uid] = ListedStudy(facts.study_uid, facts.study_date, whose, instances)
        for study in found.values():
            dated = study.study_date is not None and first <= study.study_date <= last
            if dated and patient_id in (None, study.patient.patient_id.strip()):
                yield study

    def headers(self, series_uid: str) -> Iterator[Dataset]:
        """What every image of a series says, without pixels, one after the other; raises `StudyVanished`."""
        for content in self._scan_as_archive().contents:
            if content.facts.series_uid == series_uid:
                for file in content.files:
                    yield self._read(file.name, pixels=False)

    def close(self) -> None:
        """Nothing is held open between questions."""

    def _scan_as_archive(self) -> FolderScan:
        try:
            return self.scan()
        except NoCtFound as error:
            raise ArchiveUnavailable(f"the archive folder is not available: {error}") from error

    def _images(self, content: FolderSeries, progress: Progress | None) -> Iterator[Image]:
        for number, file in enumerate(content.files):
            dataset = self._read(file.name)
            image = slice_of(DatasetAttributes(dataset), name=file.name, transfer_syntax=transfer_syntax_of(dataset))
            yield image, dataset
            if progress is not None:
                progress("reading images", (number + 1) / len(content.files))

    def _read(self, name: str, *, pixels: bool = True) -> Dataset:
        path = self._root / name if self._root.is_dir() else self._root
        try:
            return dcmread(path, force=True, stop_before_pixels=not pixels)
        except (OSError, *DAMAGED) as error:
            raise StudyVanished("a file of the series changed while it was read") from error


def _holds(content: FolderSeries, key: PatientKey) -> bool:
    """Whether any image of the series carries the key; retrieval then insists on the identifier in all."""
    found = {file.image.patient for file in content.files if file.image is not None} | {content.facts.patient}
    return any(carries(one, key) for one in found)


def _walk(root: Path) -> Iterator[tuple[str, Path, _Stamp]]:
    """Regular files below root: (relative name, path, stamp); each folder once, links included."""
    found = root.stat()
    if stat.S_ISREG(found.st_mode):
        yield root.name, root, (found.st_size, found.st_mtime_ns)
        return
    seen = {(found.st_dev, found.st_ino)}
    waiting = [root]
    while waiting:
        folder = waiting.pop()
        try:
            entries = list(os.scandir(folder))
        except OSError:
            if folder == root:
                raise
            yield folder.relative_to(root).as_posix(), folder, (0, 0)  # named as unreadable
            continue
        for entry in entries:
            try:
                facts = entry.stat()
            except OSError:  # a link to nowhere
                continue
            path = Path(entry.path)
            if stat.S_ISREG(facts.st_mode) and entry.name.upper() != "DICOMDIR":
                yield path.relative_to(root).as_posix(), path, (facts.st_size, facts.st_mtime_ns)
            elif stat.S_ISDIR(facts.st_mode) and (facts.st_dev, facts.st_ino) not in seen:
                seen.add((facts.st_dev, facts.st_ino))
                waiting.append(path)
