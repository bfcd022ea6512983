"""The service as a process of its own: started on a free loopback port, ready, stopped."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from cds.errors import OsteocdsError

STARTING_TAKES_AT_MOST_S = 120.0


class ServiceDidNotStart(OsteocdsError):
    """The service ended, or was not ready in time; its log says why."""


@dataclass(frozen=True, slots=True)
class RunningService:
    """A service that answered `/readyz`."""

    base_url: str
    process: "subprocess.Popen[bytes]"
    log: Path


@contextmanager
def running_service(
    data_dir: Path, settings: Mapping[str, str], *, wait_ready: bool = True
) -> Iterator[RunningService]:
    """Run `osteocds serve` with settings such as {"ARCHIVE_FOLDER": ...}; stop it at the end."""
    port = free_loopback_port()
    log = data_dir / "service.log"
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("OSTEOCDS_")}
    ours = {"DATA_DIR": str(data_dir), "PORT": str(port), **settings}
    environment = inherited | {f"OSTEOCDS_{name}": value for name, value in ours.items()}
    with log.open("ab") as sink:
        process = subprocess.Popen(
            [sys.executable, "-m", "cds.cli", "serve"], env=environment, stdout=sink, stderr=sink
        )
    service = RunningService(f"http://127.0.0.1:{port}", process, log)
    try:
        if wait_ready:
            _wait_until_ready(service)
        yield service
    finally:
        stop(process)


def stop(process: "subprocess.Popen[bytes]", patience_s: float = 35.0) -> None:
    """Ask to end, wait for work to be handed back, then insist."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(patience_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def free_loopback_port() -> int:
    """A port that nothing listens on just now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _wait_until_ready(service: RunningService) -> None:
    deadline = time.monotonic() + STARTING_TAKES_AT_MOST_S
    with httpx.Client(trust_env=False, timeout=2.0) as client:
        while time.monotonic() < deadline:
            if service.process.poll() is not None:
                raise ServiceDidNotStart(
                    f"the service ended with status {service.process.returncode}:\n{_tail(service.log)}"
                )
            try:
                if client.get(f"{service.base_url}/readyz").is_success:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.1)
    raise ServiceDidNotStart(
        f"the service was not ready within {STARTING_TAKES_AT_MOST_S:.0f} s:\n{_tail(service.log)}"
    )


def _tail(log: Path, lines: int = 15) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
