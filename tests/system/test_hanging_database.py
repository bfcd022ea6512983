"""`osteocds serve` told to stop while PostgreSQL takes questions and answers none; workers are in `test_takeover`."""

import os
import subprocess
import sys
import threading
import time
from contextlib import suppress

import httpx
import pytest

from cds.cli.demo import sample_settings
from cds.cli.service_process import free_loopback_port
from tests.support.postgres import a_server

pytestmark = pytest.mark.system

HURRIED = """
import importlib
serve = importlib.import_module("cds.cli.serve")  # the package's name of it is the command
serve.SHUTDOWN_S, serve.WORKERS_END_WITHIN_S = 1, 3
serve.run_serve()
"""
"""As ever, but with a second for the calls in flight in place of ten."""


@pytest.fixture(scope="module")
def server():
    """One that may hang."""
    server = a_server(durable=False)
    if server is None:
        pytest.skip("no PostgreSQL: install Debian's package postgresql")
    server.start()
    yield server
    server.remove()


def ask(url, timeout_s=2.0):
    """Whether somebody answered at all."""
    with suppress(httpx.TransportError):
        return httpx.get(url, timeout=timeout_s, trust_env=False).status_code > 0
    return False


@pytest.mark.parametrize("web_processes", [1, 2])
def test_calls_that_wait_for_a_database_that_hangs_hold_up_no_shutdown(tmp_path, server, web_processes):
    """They are given up; the status is that of every service that was told to stop."""
    port = free_loopback_port()
    (tmp_path / "archive").mkdir()
    settings = sample_settings(tmp_path / "archive") | {
        "DATABASE_URL": server.url,
        "QUEUE_DATABASE_URL": server.url,
        "DATA_DIR": str(tmp_path),
        "PORT": str(port),
        "WORKERS": "0",
        "WEB_PROCESSES": str(web_processes),
    }
    environment = os.environ | {f"OSTEOCDS_{name}": value for name, value in settings.items()}
    service = subprocess.Popen([sys.executable, "-c", HURRIED], env=environment)
    try:
        give_up_at = time.monotonic() + 120
        while not ask(f"http://127.0.0.1:{port}/readyz"):
            assert service.poll() is None
            assert time.monotonic() < give_up_at
            time.sleep(0.1)
        with server.hanging():
            for _ in range(2):
                threading.Thread(target=ask, args=(f"http://127.0.0.1:{port}/readyz", 60), daemon=True).start()
            time.sleep(1)
            service.terminate()

            assert service.wait(25) == 0
    finally:
        service.kill()
        service.wait()
