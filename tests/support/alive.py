"""Waiting for a service that listens, with or without workers."""

import time
from contextlib import suppress

import httpx
import pytest

from cds.cli.service_process import RunningService


def wait_until_alive(service: RunningService, within_s: float = 120.0) -> None:
    """Until `/healthz` answers; one client asks all the time, since to make one costs more than to ask."""
    give_up_at = time.monotonic() + within_s
    with httpx.Client(trust_env=False, timeout=5.0) as client:
        while time.monotonic() < give_up_at and service.process.poll() is None:
            with suppress(httpx.TransportError):
                if client.get(f"{service.base_url}/healthz").is_success:
                    return
            time.sleep(0.1)
    pytest.fail(service.log.read_text())
