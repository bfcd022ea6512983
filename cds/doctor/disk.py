"""Room and rights where files are written."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

from cds.doctor.finding import Finding, failed, ok, warning
from cds.settings import Settings

GIB: Final = 1024**3
TOO_LITTLE_BYTES: Final = GIB // 2
"""SQLite writes a change twice, and a bulk export of a large site takes hundreds of MB."""
LITTLE_BYTES: Final = 5 * GIB
"""A middle-sized site fills about 27 GB a year (docker/README.md): two months' notice."""


def free_bytes(folder: Path) -> int:
    """On the disk of a folder that exists."""
    return shutil.disk_usage(folder).free


def check_disk(settings: Settings, free: Callable[[Path], int] = free_bytes) -> Finding:
    """Of the data directory, or of where it will be made."""
    return _check("disk", "OSTEOCDS_DATA_DIR", settings.data_dir, free)


def check_export_folder(settings: Settings, free: Callable[[Path], int] = free_bytes) -> Finding:
    """Where bulk exports wait."""
    return _check("export folder", "OSTEOCDS_EXPORT_DIR", settings.export_folder, free)


def _check(check: str, setting: str, folder: Path, free: Callable[[Path], int]) -> Finding:
    standing = _nearest(folder.absolute())
    if not standing.is_dir():
        return failed(check, f"{standing} is no folder", f"set {setting} to a folder")
    if not os.access(standing, os.W_OK | os.X_OK):
        return failed(check, f"{standing} may not be written", f"give our user the right, or set {setting}")
    left = free(standing)
    found = f"{left / GIB:.1f} GiB free at {folder}"
    if left < TOO_LITTLE_BYTES:
        return failed(check, found, f"make room, or set {setting} to a larger disk")
    if left < LITTLE_BYTES:
        return warning(check, found, f"make room soon, or set {setting} to a larger disk")
    return ok(check, found)


def _nearest(folder: Path) -> Path:
    """The folder, or the closest one above it that is there."""
    return next((each for each in (folder, *folder.parents) if each.exists()), folder)
