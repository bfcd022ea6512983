"""The border of the service as a real process: what no in-process client can send, and what it leaves in its log."""

import json
import select
import socket
import sqlite3
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from cds.cli.demo import sample_settings
from cds.cli.demo_order import IDENTIFIER_SYSTEM, SERVICE
from cds.cli.service_process import RunningService, running_service
from tests.support.alive import wait_until_alive
from tests.support.hook_calls import a_fhir_patient, an_identifier, an_order_sign

pytestmark = pytest.mark.system

CALL = f"/cds-services/{SERVICE}"
PRIVATE = ("Secretname", "PAT-0001", "1951-04-03", "fhir-77", "t0ken", "dr-1", "enc-9")
QUERY = "?patient=PAT-0001&name=Secretname&birthdate=1951-04-03"
HEADERS = {
    "Content-Type": "application/json",
    "Authorization": "Bearer eyJhbGciOiJub25lIn0.Secretname.t0ken",
    "X-Patient": "Secretname PAT-0001",
    "Cookie": "patient=PAT-0001",
    "Referer": "https://ehr.example.org/Patient/fhir-77",
    "User-Agent": "Secretname/1951-04-03",
}


@contextmanager
def tight_service(folder: Path):
    """A service without workers, with tight limits."""
    (folder / "archive").mkdir()
    (folder / "data").mkdir()
    settings = sample_settings(folder / "archive") | {
        "WORKERS": "0", "WAIT_BUDGET_S": "0", "BODY_TIMEOUT_S": "2", "MAX_BODY_BYTES": "20000", "MAX_IN_FLIGHT": "4",
    }  # fmt: skip
    with running_service(folder / "data", settings, wait_ready=False) as running:
        wait_until_alive(running)
        yield running


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    """One for all tests that leave it whole."""
    with tight_service(tmp_path_factory.mktemp("border")) as running:
        yield running


def an_order(**fields):
    """An order for somebody whose every detail can be recognised."""
    identifier = an_identifier(system=IDENTIFIER_SYSTEM)
    return an_order_sign(
        patient=a_fhir_patient(identifier=[identifier]), fhirAuthorization={"access_token": "t0ken"}, **fields
    )


def raw(service: RunningService, *pieces: bytes, pause_s: float = 0.0) -> bytes:
    """What comes back on a connection of our own, until the service closes it or is silent for 4 s."""
    with socket.create_connection(("127.0.0.1", urlsplit(service.base_url).port), timeout=4) as connection:
        with suppress(ConnectionError):  # closed while we still send: the answer lies there already
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(pause_s)
        answer = b""
        with suppress(TimeoutError, ConnectionError):
            while received := connection.recv(65536):
                answer += received
    return answer


def post(service: RunningService, content: bytes, path: str = CALL, **headers: str) -> int:
    """The status of a call with every header that may carry something private."""
    answer = httpx.post(
        service.base_url + path + QUERY, content=content, headers=HEADERS | headers, trust_env=False, timeout=20
    )
    return answer.status_code


def a_request(*lines: str, method: str = "POST", path: str = CALL) -> bytes:
    """The head of a request as bytes."""
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: cds", *lines, "", ""]).encode()


JSON = "Content-Type: application/json"


def until(ask, holds, within_s: float = 20.0):
    """The first answer of which it holds, else the last one."""
    give_up_at = time.monotonic() + within_s
    while not holds(answer := ask()) and time.monotonic() < give_up_at:
        time.sleep(0.02)
    return answer


def test_a_slow_body_is_let_go(service):
    """A byte at a time: 408 after the configured seconds, and the connection is closed."""
    answer = raw(service, a_request(JSON, "Content-Length: 5000"), *[b" "] * 12, pause_s=0.2)

    assert b" 408 " in answer.partition(b"\r\n")[0]
    assert b"OperationOutcome" in answer


def test_a_declared_giant_is_refused_before_it_is_sent(service):
    """With Expect: 100-continue the client need not send what will not be read."""
    answer = raw(service, a_request(JSON, "Content-Length: 999999999", "Expect: 100-continue"))

    assert b" 413 " in answer.partition(b"\r\n")[0]
    assert b"100 Continue" not in answer


def test_a_chunked_giant_is_refused_at_the_limit(service):
    """Without a length, reading stops at the limit and the connection ends."""
    chunk = b"1000\r\n" + b" " * 4096 + b"\r\n"
    answer = raw(service, a_request(JSON, "Transfer-Encoding: chunked"), *[chunk] * 8, pause_s=0.02)

    assert b" 413 " in answer.partition(b"\r\n")[0]


def test_slow_calls_cannot_crowd_out_others(service):
    """As many calls open as may be: the next is refused at once, health and discovery answer, places come back."""
    port = urlsplit(service.base_url).port

    def call():
        return httpx.post(service.base_url + CALL, json=an_order(), trust_env=False, timeout=20)

    slow = [socket.create_connection(("127.0.0.1", port)) for _ in range(4)]
    try:
        for connection in slow:
            connection.sendall(a_request(JSON, "Content-Length: 5000"))
        refused = until(call, lambda answer: answer.status_code == 503)
        alive = [httpx.get(service.base_url + path, trust_env=False) for path in ("/healthz", "/cds-services")]
        let_go, *_ = select.select(slow, [], [], 0)
    finally:
        for connection in slow:
            connection.close()
    back = until(call, lambda answer: answer.status_code == 200)

    assert (refused.status_code, "retry-after" in refused.headers) == (503, True)
    assert [each.status_code for each in alive] == [200, 200]
    assert let_go == []
    assert back.status_code == 200


@pytest.mark.parametrize(
    "request_bytes",
    [
        a_request("X-Large: " + "x" * 1_000_000, method="GET", path="/cds-services"),
        b"GET /cds-services/\xc3\xa9Secretname HTTP/1.1\r\nHost: cds\r\n\r\n",
        b"GET /cds-services HTTP/9.9 Secretname\r\n\r\n",
        b"\x16\x03\x01Secretname" + bytes(200),
        a_request(JSON, "Content-Length: 5", "Content-Length: 6"),
        a_request(JSON, "Transfer-Encoding: chunked") + b"zz\r\nSecretname\r\n",
        a_request("Secretname PAT-0001 without a colon"),
    ],
    ids=[
        "headers too large",
        "path not ASCII",
        "wrong version",
        "TLS",
        "two lengths",
        "broken chunks",
        "broken header",
    ],
)
def test_what_is_not_http_is_refused(service, request_bytes):
    """A 400, and the service goes on."""
    answer = raw(service, request_bytes)

    assert b" 400 " in answer.partition(b"\r\n")[0]
    assert b"Secretname" not in answer
    assert httpx.get(f"{service.base_url}/healthz", trust_env=False).status_code == 200


def test_the_server_does_not_name_itself(service):
    """Neither product nor version."""
    assert "server" not in httpx.get(f"{service.base_url}/cds-services", trust_env=False).headers


def test_nothing_private_is_written(tmp_path):
    """Calls full of patient data, answered in every way there is, leave none of it in any file but the databases."""
    with tight_service(tmp_path) as service:
        statuses = _provoke(service)
        _break_database(service)
        statuses.add(post(service, json.dumps(an_order()).encode()))

    assert {200, 400, 403, 404, 405, 412, 413, 415, 500} <= statuses
    written = _everything_written(service)
    assert "own fault" in written
    assert not [word for word in PRIVATE if word in written]


def _provoke(service: RunningService) -> set[int]:
    """The statuses of calls that carry something private in body, path, query string and headers."""
    body = json.dumps(an_order()).encode()
    elsewhere = an_order(prefetch={}, fhirServer="https://x.example/fhir-77/Secretname")
    calls = [
        post(service, body),
        post(service, body, **{"Content-Type": "text/plain"}),
        post(service, b'{"hook": "Secretname PAT-0001'),
        post(service, json.dumps(an_order() | {"hookInstance": ["Secretname"]}).encode()),
        post(service, b'{"Secretname":1,"Secretname":2,' + body[1:]),
        post(service, json.dumps(elsewhere).encode()),
        post(service, body, path="/cds-services/Secretname-PAT-0001"),
        post(service, body, path="/reports/Secretname-PAT-0001"),
        post(service, b" " * 30_000 + body),
    ]
    looks = [f"/reports/Secretname-PAT-0001{QUERY}", f"/Patient/fhir-77{QUERY}", f"/cds-services{QUERY}"]
    return {
        *calls,
        *(httpx.get(service.base_url + path, headers=HEADERS, trust_env=False).status_code for path in looks),
    }


def _everything_written(service: RunningService) -> str:
    """The log, which is standard output and standard error, and every other file beside the databases."""
    files = [path for path in service.log.parent.rglob("*") if path.is_file() and ".db" not in path.name]
    assert service.log in files
    return "".join(path.read_text(errors="replace") for path in files)


def _break_database(service: RunningService) -> None:
    with sqlite3.connect(Path(service.log).parent / "osteocds.db") as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            database.execute(f'DROP TABLE IF EXISTS "{table}"')
