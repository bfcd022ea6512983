"""A real Orthanc with its DICOMweb plugin, from Debian's packages, for the length of the test session."""

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

_PLUGINS = ("/usr/share/orthanc/plugins/libOrthancDicomWeb.so", "/usr/lib/orthanc/libOrthancDicomWeb.so")
_START_WITHIN_S = 60.0


@dataclass(frozen=True)
class Orthanc:
    """A running server."""

    root: str
    """http://127.0.0.1:port"""
    user: tuple[str, str] | None = None

    @property
    def dicomweb(self) -> str:
        """The DICOMweb root."""
        return f"{self.root}/dicom-web"

    def store(self, folder: Path) -> None:
        """Store every file of a folder."""
        with self._session() as session:
            for path in sorted(folder.rglob("*")):
                if path.is_file():
                    session.post(f"{self.root}/instances", data=path.read_bytes(), timeout=30).raise_for_status()

    def forget_everything(self) -> None:
        """Delete all patients."""
        with self._session() as session:
            for patient in session.get(f"{self.root}/patients", timeout=30).json():
                session.delete(f"{self.root}/patients/{patient}", timeout=30).raise_for_status()

    def forget_study(self, study_uid: str) -> None:
        """Delete one study."""
        with self._session() as session:
            found = session.post(f"{self.root}/tools/lookup", data=study_uid, timeout=30).json()
            for study in found:
                session.delete(f"{self.root}{study['Path']}", timeout=30).raise_for_status()

    def _session(self) -> requests.Session:
        session = requests.Session()
        session.auth = self.user
        return session


@contextmanager
def running_orthanc(
    folder: Path, user: tuple[str, str] | None = None, also: Mapping[str, object] | None = None
) -> Iterator[Orthanc]:
    """Start a server that keeps everything below `folder`, and stop it afterwards; `also` overrides what we say.

    Skips where Orthanc is not installed; under CI=true that is a failure.
    """
    program = shutil.which("Orthanc", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    plugin = next((path for path in _PLUGINS if Path(path).exists()), None)
    if program is None or plugin is None:
        why = "Orthanc is not installed: apt-get install orthanc orthanc-dicomweb"
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(why)
        pytest.skip(why)
    port = _free_port()
    configuration = folder / "orthanc.json"
    configuration.write_text(json.dumps(_configuration(folder, port, plugin, user) | dict(also or {})))
    with (folder / "orthanc.log").open("wb") as log:
        process = subprocess.Popen([program, str(configuration)], cwd=folder, stdout=log, stderr=log)
        try:
            server = Orthanc(f"http://127.0.0.1:{port}", user)
            _wait_until_up(process, server, folder)
            yield server
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _configuration(folder: Path, port: int, plugin: str, user: tuple[str, str] | None) -> dict[str, object]:
    database = folder / "database"
    database.mkdir()
    return {
        "Name": "TEST",
        "StorageDirectory": str(database),
        "IndexDirectory": str(database),
        "HttpPort": port,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": user is not None,
        "RegisteredUsers": dict([user]) if user else {},
        "DicomServerEnabled": False,
        "KeepAlive": True,
        "OverwriteInstances": True,
        "StableAge": 1,
        # the plugin alone: the GDCM plugin of this version crashes on some transfer syntaxes
        "Plugins": [plugin],
        "DicomWeb": {
            "Enable": True,
            "Root": "/dicom-web/",
            "EnableWado": False,
            "StudiesMetadata": "Full",
            "SeriesMetadata": "Full",
        },
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_until_up(process: subprocess.Popen[bytes], server: Orthanc, folder: Path) -> None:
    deadline = time.monotonic() + _START_WITHIN_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            pytest.fail(f"Orthanc ended at once:\n{(folder / 'orthanc.log').read_text()[-2000:]}")
        with suppress(requests.ConnectionError):
            if requests.get(f"{server.root}/system", auth=server.user, timeout=5).ok:
                return
        time.sleep(0.05)
    pytest.fail(f"Orthanc did not start within {_START_WITHIN_S:.0f} s")
