"""The registry API on real service processes: a kill in the middle of an export loses and repeats nothing."""

import json
import time
import uuid
from contextlib import contextmanager, suppress

import httpx
import pytest
from joserfc import jwt

from cds.cli.service_process import running_service
from cds.security.backend_services import ASSERTION_TYPE
from tests.benchmarks.registry.filling import fill
from tests.support.client_tokens import a_pair
from tests.support.registry_site import BASE, CLIENT, RegistrySite

pytestmark = [pytest.mark.system, pytest.mark.timeout(900)]

ASSESSMENTS = 5000
WITHIN_S = 300.0


@contextmanager
def a_service(site):
    """The service on the site's database, without workers; yields its process and a client with a token."""
    settings = {
        "DATABASE_URL": site.database_url,
        "REGISTRIES_FILE": str(site.folder / "registries.toml"),
        "PUBLIC_URL": BASE.removesuffix("/fhir"),
        "IDENTIFIER_SYSTEM": "http://hospital.example.org/patients",
        "ARCHIVE_FOLDER": str(site.folder),
        "ARCHIVE_SINGLE_ISSUER": "true",
        "CLIENT_AUTH": "off",
        "WORKERS": "0",
    }
    with (
        running_service(site.folder, settings, wait_ready=False) as service,
        httpx.Client(base_url=service.base_url, timeout=60) as http,
    ):
        within(lambda: suppressed(http, "/healthz"))
        now = int(time.time())
        claims = {"iss": CLIENT, "sub": CLIENT, "aud": f"{BASE}/token", "exp": now + 240, "jti": str(uuid.uuid4())}
        pair = a_pair("es")
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": jwt.encode(
                {"alg": "ES384", "kid": pair.kid, "typ": "JWT"}, claims, pair, algorithms=["ES384"]
            ),
            "scope": "system/*.rs",
        }
        issued = http.post("/fhir/token", data=form)
        http.headers["Authorization"] = f"Bearer {issued.json()['access_token']}"
        yield service, http


def suppressed(http, path):
    """Whether it answers."""
    with suppress(httpx.HTTPError):
        return http.get(path).status_code == 200
    return False


def within(happened):
    """Wait for something, for a while; returns what it is."""
    until = time.monotonic() + WITHIN_S
    while time.monotonic() < until:
        if found := happened():
            return found
        time.sleep(0.02)
    raise TimeoutError


def local(url):
    """An address as the process at hand has it."""
    return url.removeprefix(BASE.removesuffix("/fhir"))


def test_an_export_survives_a_kill(tmp_path):
    """The manifest counts what the files hold, and the files hold every resource once."""
    site = RegistrySite(tmp_path / "site", f"sqlite:///{tmp_path / 'registry.db'}")
    rows = fill(site.engine, ASSESSMENTS)
    site.engine.dispose()
    folder = site.folder / "exports"

    with a_service(site) as (service, http):
        at = local(http.get("/fhir/$export").headers["content-location"])
        within(lambda: list(folder.glob("*/*-1.ndjson")) and list(folder.glob("*/*.partial")))
        service.process.kill()
        service.process.wait()
    with a_service(site) as (_, http):
        manifest = within(lambda: (state := http.get(at)).status_code == 200 and state.json())
        lines = []
        for file in manifest["output"]:
            answer = http.get(local(file["url"]))
            found = answer.text.splitlines()
            assert (answer.status_code, len(found)) == (200, file["count"])
            lines += [(each["resourceType"], each["id"]) for each in map(json.loads, found)]

    assert len(lines) == len(set(lines)) == rows
