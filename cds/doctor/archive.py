"""The imaging archive: whether it answers, and what time it says it is."""

import os
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from cds.dicomweb.archive import open_archive
from cds.dicomweb.web import DicomwebArchive
from cds.doctor.finding import Finding, failed, ok, warning
from cds.errors import ArchiveUnavailable, SettingsInvalid, StudyVanished
from cds.ports import Clock
from cds.settings import Settings

_PATIENCE_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class ArchiveVisit:
    """What came of asking once."""

    finding: Finding
    ahead: timedelta | None = None
    """By how much the archive's clock is ahead of ours; None where it does not tell."""


def visit_archive(settings: Settings, clock: Clock) -> ArchiveVisit:
    """Read the folder's name list, or ask the server by QIDO for a study that nobody has; once, without retries."""
    patience = {"archive_retries": 0, "archive_timeout_s": min(_PATIENCE_S, settings.archive_timeout_s)}
    try:
        archive = open_archive(settings.model_copy(update=patience))
    except SettingsInvalid as fault:
        return ArchiveVisit(failed("archive", "cannot be opened", str(fault)))
    try:
        if not isinstance(archive, DicomwebArchive):
            return ArchiveVisit(_check_folder(settings.archive_folder or Path()))
        return _ask(archive, clock)
    finally:
        archive.close()


def _ask(archive: DicomwebArchive, clock: Clock) -> ArchiveVisit:
    try:
        theirs = archive.server_time()
    except SettingsInvalid as fault:  # a file with a token or password, read when it is needed
        return ArchiveVisit(failed("archive", "our credentials cannot be read", str(fault)))
    except (ArchiveUnavailable, StudyVanished) as fault:
        return ArchiveVisit(failed("archive", str(fault), "mend it, or set OSTEOCDS_ARCHIVE_URL to its DICOMweb root"))
    ahead = None if theirs is None else theirs - clock.now()
    return ArchiveVisit(ok("archive", "answers searches by DICOMweb"), ahead)


def _check_folder(folder: Path) -> Finding:
    if not os.access(folder, os.R_OK | os.X_OK):
        return failed("archive", f"{folder} may not be read", "give our user the right, or set OSTEOCDS_ARCHIVE_FOLDER")
    with os.scandir(folder) as entries:
        if next(entries, None) is None:
            return warning("archive", f"{folder} is empty", "put DICOM files there, or set OSTEOCDS_ARCHIVE_FOLDER")
    return ok("archive", f"the folder {folder} is readable")
