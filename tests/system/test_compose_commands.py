"""What docker/compose.yaml starts, started as processes: the same commands, settings, secrets and health check.

Replaced are hosts, ports and the places of mounted files. No container runs here.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psycopg
import pytest

from cds.cli.demo_order import IDENTIFIER_SYSTEM, order_sign_request
from cds.cli.service_process import free_loopback_port
from tests.support.client_tokens import BASE_URL, ISSUER, ORDER_SIGN, a_key_set, a_token
from tests.support.containers import DOCKER, compose, health_check, prepared
from tests.support.orthanc import running_orthanc
from tests.support.postgres import a_server
from tests.support.real_ct import the_sample

pytestmark = pytest.mark.system

COMPOSE = compose(
    {
        "OSTEOCDS_IDENTIFIER_SYSTEM": IDENTIFIER_SYSTEM,
        "OSTEOCDS_PUBLIC_URL": BASE_URL,
        "OSTEOCDS_ARCHIVE_SINGLE_ISSUER": "true",
        "OSTEOCDS_MODE": "live",
    }
)
SITE = {
    "OSTEOCDS_ALLOW_UNVERIFIED_IDENTITY": "true",
    "OSTEOCDS_MAX_SCAN_AGE_DAYS": "none",
    "OSTEOCDS_WORKER_NICENESS": "0",
}
"""What docker/site/osteocds.env would say here: the sample is de-identified and old, other tests run beside."""
PLACES_OF_ORTHANC = ("StorageDirectory", "IndexDirectory", "HttpPort", "DicomPort", "DicomServerEnabled", "Plugins")


@dataclass
class Deployment:
    """One service and its workers, beside a database and an archive of their own."""

    folder: Path
    hosts: dict[str, str]
    """By what stands in the compose file."""
    port: int
    processes: dict[str, subprocess.Popen]

    def start(self, name, service):
        """One container's command, in its environment."""
        environment = COMPOSE["services"][service]["environment"] | SITE
        for there, here in self.hosts.items():
            environment = {key: value.replace(there, here) for key, value in environment.items()}
        environment |= {"OSTEOCDS_PORT": str(self.port), "OSTEOCDS_DATA_DIR": str(self.folder / "data")}
        environment |= {"HOME": str(self.folder / "home"), "PATH": os.environ["PATH"], "OMP_NUM_THREADS": "1"}
        # MONAI loads matplotlib where it is, and that makes folders: here for training, in the image not at all
        environment |= {"PYTHONPATH": str(DOCKER.parent), "MPLCONFIGDIR": str(self.folder / "matplotlib")}
        with (self.folder / f"{name}.log").open("wb") as log:
            self.processes[name] = subprocess.Popen(
                [sys.executable, "-m", "cds.cli", *COMPOSE["services"][service]["command"]],
                env=environment,
                cwd=self.folder / "data",
                stdout=log,
                stderr=log,
            )

    def is_healthy(self):
        """By the image's own check."""
        python, *arguments = [each.replace(":8480", f":{self.port}") for each in health_check()]
        assert python == "python"
        return subprocess.run([sys.executable, *arguments], capture_output=True, check=False).returncode == 0

    def order(self):
        """The cards of one signed call."""
        token = a_token(path=ORDER_SIGN, now=datetime.now(UTC))
        url, headers = f"http://127.0.0.1:{self.port}{ORDER_SIGN}", {"Authorization": f"Bearer {token}"}
        answer = httpx.post(url, json=order_sign_request(), headers=headers, timeout=30, trust_env=False)
        return answer.raise_for_status().json()["cards"]

    def metrics(self):
        """As the Prometheus of the compose file reads them."""
        token = (self.folder / "docker" / "secrets" / "metrics-token").read_text()
        url, headers = f"http://127.0.0.1:{self.port}/metrics", {"Authorization": f"Bearer {token}"}
        return httpx.get(url, headers=headers, timeout=10, trust_env=False).raise_for_status().text

    def until(self, holds, within_s=120.0):
        """What comes true in time; else the test fails with the logs."""
        give_up_at = time.monotonic() + within_s
        while time.monotonic() < give_up_at:
            found = holds()
            if found:
                return found
            ended = {name: each.returncode for name, each in self.processes.items() if each.poll() is not None}
            if ended:
                break
            time.sleep(0.2)
        logs = [(name, (self.folder / f"{name}.log").read_text()[-1500:]) for name in self.processes]
        return pytest.fail(f"not within {within_s} s: {logs}")


@contextmanager
def a_database(secrets):
    """PostgreSQL that wants the password of its user, with what the image makes at its first start."""
    server = a_server(durable=False)
    if server is None:
        why = "PostgreSQL is not installed: install Debian's package postgresql"
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(why)
    (server.home / "data" / "pg_hba.conf").write_text(
        "local all all trust\nhost all postgres 127.0.0.1/32 trust\nhost all osteocds 127.0.0.1/32 scram-sha-256\n"
    )
    server.start()
    try:
        password = (secrets / "database-password").read_text()
        with psycopg.connect(server.url, autocommit=True) as connection:
            connection.execute(f"CREATE ROLE osteocds LOGIN SUPERUSER PASSWORD '{password}'")
            connection.execute("CREATE DATABASE osteocds OWNER osteocds")
        own = {"host": "127.0.0.1", "port": server.port, "user": "osteocds", "password": password}
        with psycopg.connect(dbname="osteocds", autocommit=True, **own) as connection:
            connection.execute((DOCKER / COMPOSE["configs"]["queue-database"]["file"]).read_text())
        yield f"127.0.0.1:{server.port}"
    finally:
        server.remove()


@contextmanager
def an_archive(folder, secrets):
    """Orthanc as its configuration says, with its user, but for places and ports; it holds the sample."""
    users = json.loads((secrets / "orthanc-users.json").read_text())
    shipped = json.loads((DOCKER / "orthanc.json").read_text())
    also = {name: value for name, value in shipped.items() if name not in PLACES_OF_ORTHANC} | users
    (user,) = users["RegisteredUsers"].items()
    folder.mkdir()
    with running_orthanc(folder, user, also) as archive:
        archive.store(the_sample())
        yield archive.root.removeprefix("http://")


@pytest.fixture
def deployment(tmp_path):
    """As the guide prepares it, but for where its client has its keys; database and archive run, nothing of ours."""
    made = prepared(tmp_path)
    secrets, site = made / "secrets", made / "site"
    for each in (tmp_path / "home", tmp_path / "data"):
        each.mkdir()
    (site / "jwks.json").write_bytes(a_key_set())
    clients = (site / "clients.toml").read_text()
    assert f'issuer = "{ISSUER}"' in clients
    (site / "clients.toml").write_text(re.sub("jwks_url = .*", 'jwks_file = "jwks.json"', clients))
    with ExitStack() as stack:
        database = stack.enter_context(a_database(secrets))
        archive = stack.enter_context(an_archive(tmp_path / "orthanc", secrets))
        hosts = {
            "postgres:5432": database,
            "orthanc:8042": archive,
            "/run/secrets": str(secrets),
            "/etc/osteocds": str(site),
        }
        deployment = Deployment(tmp_path, hosts, free_loopback_port(), {})
        try:
            yield deployment
        finally:
            for process in deployment.processes.values():
                process.kill()
                process.wait()


def test_what_compose_starts_answers_an_order_with_a_card(deployment):
    """In its order: the service is healthy, two workers join, an order becomes a card; told to stop, all end well."""
    assert not deployment.is_healthy()
    deployment.start("service", "service")
    deployment.until(deployment.is_healthy)
    workers = [f"worker-{number + 1}" for number in range(COMPOSE["services"]["worker"]["deploy"]["replicas"])]
    for name in workers:
        deployment.start(name, "worker")

    deployment.until(lambda: deployment.metrics().count("\nosteocds_worker_heartbeat_age_seconds{") == len(workers))
    (card,) = deployment.until(deployment.order)

    assert "mg/cm3" in card["summary"]
    assert card["links"][0]["url"].startswith(BASE_URL)
    assert not list((deployment.folder / "home").iterdir())  # with a read-only root there is no home to write to
    for process in deployment.processes.values():
        process.send_signal(signal.SIGTERM)
    ended = {name: process.wait(35) for name, process in deployment.processes.items()}
    assert ended.pop("service") == 0
    assert ended == dict.fromkeys(workers, 0)
