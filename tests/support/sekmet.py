"""A real FHIR server, sekmet-fhir, with SMART backend services, for the length of a test."""

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

_PROGRAM = Path(__file__).parents[2] / "build" / "ehr-server" / "bin" / "sekmet"
_START_WITHIN_S = 90.0


@dataclass(frozen=True)
class Sekmet:
    """A running server; the test looks at it as an administrator."""

    base: str

    def create(self, resource: dict) -> str:
        """Store one; its id."""
        answer = httpx.post(f"{self.base}/{resource['resourceType']}", json=resource, auth=("admin", "pw"), timeout=30)
        assert answer.status_code == 201, answer.text
        return answer.json()["id"]

    def all(self, kind: str) -> list[dict]:
        """Every resource of a type."""
        bundle = httpx.get(f"{self.base}/{kind}", auth=("admin", "pw"), timeout=30).json()
        return [each["resource"] for each in bundle.get("entry", ())]

    def one(self, kind: str) -> dict:
        """The only one of its type."""
        (only,) = self.all(kind)
        return only


@contextmanager
def running_sekmet(folder: Path, client_id: str, jwks: dict, scopes: str) -> Iterator[Sekmet]:
    """Start a server that knows one backend service; skips where it is not installed, fails under CI=true."""
    if not _PROGRAM.exists():
        why = "sekmet-fhir is not installed: bash tests/system/install-ehr .venv/bin/python"
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(why)
        pytest.skip(why)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {
        "base_url": f"http://127.0.0.1:{port}/fhir",
        "host": "127.0.0.1",
        "port": port,
        "data_dir": str(folder / "data"),
        "simulator": {"enabled": False},
        "server_auth": {
            "types": ["smart", "basic"],
            "users": {"admin": "pw"},
            "smart_clients": [{"client_id": client_id, "jwks": jwks, "scopes": scopes}],
        },
    }
    (folder / "settings.yaml").write_text(json.dumps(settings))  # JSON is YAML
    with (folder / "sekmet.log").open("wb") as log:
        process = subprocess.Popen(
            [_PROGRAM, "serve", "-c", folder / "settings.yaml"], cwd=folder, stdout=log, stderr=log
        )
        try:
            _wait_until_up(process, settings["base_url"], folder)
            yield Sekmet(settings["base_url"])
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_up(process: subprocess.Popen[bytes], base: str, folder: Path) -> None:
    deadline = time.monotonic() + _START_WITHIN_S
    while time.monotonic() < deadline:
        if process.poll() is not None:
            pytest.fail(f"sekmet ended at once:\n{(folder / 'sekmet.log').read_text()[-2000:]}")
        with suppress(httpx.HTTPError):
            if httpx.get(f"{base}/metadata", auth=("admin", "pw"), timeout=5).is_success:
                return
        time.sleep(0.1)
    pytest.fail(f"sekmet did not start within {_START_WITHIN_S:.0f} s")
