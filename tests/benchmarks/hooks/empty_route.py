"""A FastAPI application with one empty route, under uvicorn as `osteocds serve` runs it: what the frameworks cost."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import httpx
import uvicorn
from fastapi import FastAPI

from cds.cli.service_process import free_loopback_port, stop
from tests.benchmarks.hooks.load import Place

_STARTS_WITHIN_S = 30.0


@dataclass(frozen=True, slots=True)
class EmptyRoute:
    """Where it listens, and the process."""

    place: Place
    pid: int


@contextmanager
def empty_route() -> Iterator[EmptyRoute]:
    """In a process of its own."""
    place = Place("127.0.0.1", free_loopback_port())
    process = subprocess.Popen([sys.executable, "-m", __name__, str(place.port)])
    try:
        _wait_for(f"http://{place.host}:{place.port}/empty")
        yield EmptyRoute(place, process.pid)
    finally:
        stop(process)


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + _STARTS_WITHIN_S
    while time.monotonic() < deadline:
        with suppress(httpx.TransportError):
            httpx.get(url, trust_env=False).raise_for_status()
            return
        time.sleep(0.05)
    raise TimeoutError("the empty route did not start")


def _serve(port: int) -> None:
    app = FastAPI()

    @app.get("/empty")
    async def empty() -> dict[str, str]:
        return {}

    uvicorn.run(app, port=port, http="h11", log_level="warning", access_log=False)


if __name__ == "__main__":
    _serve(int(sys.argv[1]))
