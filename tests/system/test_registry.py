"""The registry API on real service processes: neither a kill nor writes beside them make exports lose or repeat."""

import json
import socket
import threading
import time
import uuid
from collections import Counter
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

import httpx
import pytest
from joserfc import jwt
from sqlalchemy import select, update

from cds.cli.service_process import running_service
from cds.security.backend_services import ASSERTION_TYPE
from cds.storage.registry_tables import exports, resources
from tests.benchmarks.registry.filling import fill
from tests.support.client_tokens import a_pair
from tests.support.databases import an_empty_database
from tests.support.registry_site import BASE, CLIENT, RegistrySite

pytestmark = [pytest.mark.system, pytest.mark.timeout(900)]

ASSESSMENTS = 3000
WITHIN_S = 300.0


@contextmanager
def a_service(site, **more):
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
        **more,
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
    """The manifest counts what the files hold, and the files hold every resource once.

    The half minute for which the dead process holds its lease passes in the record, not here.
    """
    site = RegistrySite(tmp_path / "site", f"sqlite:///{tmp_path / 'registry.db'}")
    rows = fill(site.engine, ASSESSMENTS)
    folder = site.folder / "exports"

    with a_service(site) as (service, http):
        at = local(http.get("/fhir/$export").headers["content-location"])
        within(lambda: list(folder.glob("*/*-1.ndjson")) and list(folder.glob("*/*.partial")))
        service.process.kill()
        service.process.wait()
    with site.engine.begin() as connection:
        connection.execute(update(exports).values(leased_until=datetime.now(UTC)))
    site.engine.dispose()
    with a_service(site) as (_, http):
        manifest = within(lambda: (state := http.get(at)).status_code == 200 and state.json())
        lines = []
        for file in manifest["output"]:
            answer = http.get(local(file["url"]))
            found = answer.text.splitlines()
            assert (answer.status_code, len(found)) == (200, file["count"])
            lines += [(each["resourceType"], each["id"]) for each in map(json.loads, found)]

    assert len(lines) == len(set(lines)) == rows


def exported(http, begun):
    """(type, id, version) of every line of an export, and the moment that it shows."""
    at = local(begun.headers["content-location"])
    manifest = within(lambda: (state := http.get(at)).status_code == 200 and state.json())
    lines = []
    for file in manifest["output"]:
        found = http.get(local(file["url"])).text.splitlines()
        assert len(found) == file["count"]
        lines += map(json.loads, found)
    return [(each["resourceType"], each["id"], int(each["meta"]["versionId"])) for each in lines], manifest


@contextmanager
def writing(site, stop_after):
    """Results are stored beside, by another process than the service: this one."""
    stop, written = threading.Event(), []

    def write():
        while not stop.is_set() and len(written) < stop_after:
            written.append(site.keep(f"written-{len(written)}"))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield written
    finally:
        stop.set()
        writer.join()


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_two_exports_at_once_and_writes_lose_and_repeat_nothing(tmp_path, database):
    """Two clients each pull what is new, again and again, at the same time: both end with every version once."""
    with an_empty_database(database, tmp_path) as url:
        site = RegistrySite(tmp_path / "site", url)
        fill(site.engine, 300)
        pulled, since = {1: [], 2: []}, {1: "", 2: ""}
        with a_service(site, WEB_PROCESSES="2") as (_, http):

            def both_pull():
                begun = {who: http.get(f"/fhir/$export{since[who]}") for who in pulled}
                for who, answer in begun.items():
                    lines, manifest = exported(http, answer)
                    pulled[who] += lines
                    since[who] = f"?_since={manifest['transactionTime']}"

            with writing(site, stop_after=200) as written:
                for _ in range(3):
                    both_pull()
            both_pull()
        with site.engine.connect() as connection:
            rows = {
                tuple(row) for row in connection.execute(select(resources.c.type, resources.c.id, resources.c.version))
            }
        site.engine.dispose()

    assert written
    for lines in pulled.values():
        assert max(Counter(lines).values()) == 1
        assert set(lines) == rows


def test_a_query_of_ten_megabytes_is_refused(tmp_path):
    """In a body by us, in an address by the HTTP server before us; the service goes on, and tells nothing."""
    site = RegistrySite(tmp_path / "site", f"sqlite:///{tmp_path / 'registry.db'}")
    site.engine.dispose()
    query = "code=" + "x" * 10_000_000
    with a_service(site) as (service, http):
        posted = http.post("/fhir/Observation/_search", data={"code": "x" * 10_000_000})
        got = asked_raw(service.base_url, f"GET /fhir/Observation?{query} HTTP/1.1\r\nHost: x\r\n\r\n")
        log, later = service.log.read_text(), http.get("/fhir/Observation")

    assert (posted.status_code, posted.json()["resourceType"]) == (413, "OperationOutcome")
    assert got.partition(b"\r\n")[0] == b"HTTP/1.1 400 Bad Request"
    assert "xxxx" not in log + got.decode()
    assert later.status_code == 200


def asked_raw(base_url, request):
    """What comes back before the server hangs up, however much of the request it has read."""
    host, _, port = base_url.removeprefix("http://").partition(":")
    got = b""
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        with suppress(ConnectionError):
            connection.sendall(request.encode())
        with suppress(ConnectionError):
            while piece := connection.recv(65536):
                got += piece
    return got
