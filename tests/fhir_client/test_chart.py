import json
import logging

import anyio
import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds.fhir_client.chart import ChartLimits, HttpPatientChart
from cds.ports import ChartAccess, ChartUnreadable

SERVER = "https://ehr.example.org/fhir"
PATIENT = {"resourceType": "Patient", "id": "77"}


class Ehr:
    """A FHIR server that answers every request alike and remembers them."""

    def __init__(self, response: httpx.Response | Exception | None = None, delay_s: float = 0.0):
        self.response = response or httpx.Response(200, json=PATIENT)
        self.delay_s = delay_s
        self.requests: list[httpx.Request] = []

    async def __call__(self, request):
        """Answer."""
        self.requests.append(request)
        await anyio.sleep(self.delay_s)
        if isinstance(self.response, Exception):
            raise self.response
        return self.response


async def fetch(
    ehr,
    server=SERVER,
    *,
    query="Patient/77",
    token=None,
    origins=("https://ehr.example.org",),
    allowed=None,
    timeout_s=5.0,
):
    """Read one query through the client."""
    chart = HttpPatientChart(origins, httpx.MockTransport(ehr), ChartLimits(timeout_s=timeout_s))
    try:
        return (await chart.fetch(ChartAccess(server, token, allowed), {"key": query}))["key"]
    finally:
        await chart.aclose()


async def test_a_patient_is_read_with_the_token():
    """One GET of Patient/id, as FHIR JSON, with the hook's token."""
    ehr = Ehr()

    assert await fetch(ehr, SERVER + "/", token="t0ken") == (PATIENT,)

    (request,) = ehr.requests
    assert (request.method, str(request.url)) == ("GET", "https://ehr.example.org/fhir/Patient/77")
    assert request.headers["authorization"] == "Bearer t0ken"
    assert request.headers["accept"] == "application/fhir+json"


async def test_all_queries_are_asked_and_answered_by_their_keys():
    """One answer for each key, whatever becomes of the others."""
    chart = HttpPatientChart(["https://ehr.example.org"], httpx.MockTransport(Ehr()))

    found = await chart.fetch(ChartAccess(SERVER), {"patient": "Patient/77", "odd": "../../admin"})
    await chart.aclose()

    assert found["patient"] == (PATIENT,)
    assert isinstance(found["odd"], ChartUnreadable)


async def test_an_open_server_gets_no_authorization():
    """Without a token the request carries none, and not the one of an earlier hook."""
    ehr = Ehr()
    chart = HttpPatientChart(["https://ehr.example.org"], httpx.MockTransport(ehr))

    await chart.fetch(ChartAccess(SERVER, "t0ken"), {"patient": "Patient/77"})
    await chart.fetch(ChartAccess(SERVER), {"patient": "Patient/77"})
    await chart.aclose()

    assert "authorization" not in ehr.requests[1].headers


@pytest.mark.parametrize(
    "server",
    [
        "https://elsewhere.example.org/fhir",
        "https://ehr.example.org.evil.example/fhir",
        "https://ehr.example.org:8443/fhir",
        "https://ehr.example.org@evil.example/fhir",
        "https://user:pw@ehr.example.org/fhir",
        "https://evil.example\\@ehr.example.org/fhir",
        "https://ehr.example.org/fhir?x=",
        "https://ehr.example.org/fhir#",
        "http://ehr.example.org/fhir",
        "ftp://ehr.example.org/fhir",
        "file:///etc/passwd",
        "//ehr.example.org/fhir",
        "ehr.example.org",
        "",
        "https://",
        "https://[",
        "https://ehr.example.org/\n",
        "https://ehr.example.org/\ud800",
    ],
)
async def test_only_allowed_origins_are_contacted(server):
    """Another host, port or scheme, credentials or a query in the address: nothing is sent."""
    ehr = Ehr()

    assert isinstance(await fetch(ehr, server), ChartUnreadable)
    assert ehr.requests == []


@pytest.mark.parametrize(
    ("origin", "server", "allowed"),
    [
        ("http://127.0.0.1:9000", "http://127.0.0.1:9000/fhir", True),
        ("http://localhost:9000", "http://localhost:9000/fhir", True),
        ("http://[::1]:9000", "http://[::1]:9000/fhir", True),
        ("https://EHR.example.org", "https://ehr.example.org:443/fhir", True),
        ("http://ehr.example.org", "http://ehr.example.org/fhir", False),  # configured, but not encrypted
        ("http://10.0.0.7:9000", "http://10.0.0.7:9000/fhir", False),
    ],
)
async def test_plain_http_only_on_loopback(origin, server, allowed):
    """Patient data leaves this machine only over https, whatever is configured."""
    ehr = Ehr()

    found = await fetch(ehr, server, origins=(origin,))

    assert (found == (PATIENT,)) == allowed == bool(ehr.requests)


@pytest.mark.parametrize(
    ("allowed", "reads"),
    [(None, True), (("https://ehr.example.org",), True), ((), False), (("https://another.example.org",), False)],
)
async def test_a_client_may_be_allowed_less_than_the_site(allowed, reads):
    """A client's own origins narrow the site's; without any of its own it reads nothing."""
    ehr = Ehr()

    await fetch(ehr, allowed=allowed)

    assert bool(ehr.requests) == reads


async def test_a_client_is_never_allowed_more_than_the_site():
    """An origin that only the client's list has is not contacted."""
    ehr = Ehr()

    assert isinstance(await fetch(ehr, origins=(), allowed=("https://ehr.example.org",)), ChartUnreadable)
    assert ehr.requests == []


async def test_without_configured_origins_nothing_is_contacted():
    """The default is to read from nobody."""
    assert isinstance(await fetch(Ehr(), origins=()), ChartUnreadable)


@pytest.mark.parametrize(
    "query",
    [
        *("Patient/..", "Patient/.", "Patient/a/b", "Patient/a?b", "Patient/", f"Patient/{'x' * 65}", "../Patient/1"),
        *("/Patient/1", "//evil.example/Patient/1", "Patient?a=b#c", "Patient?a=b c", "Patient?a=\r\nHost: evil", ""),
        *("https://evil.example/fhir/Condition?page=2", "http://ehr.example.org/fhir?page=2"),
        *("https://ehr.example.org@evil.example/", "https://ehr.example.org:8443/", "https://ehr.example.org/#x"),
        *("https://ehr.example.org/\ud800", "javascript:alert(1)", "file:///etc/passwd"),
    ],
)
async def test_a_query_cannot_leave_the_server(query):
    """Only reads, searches, and further pages of the same origin go into an address."""
    ehr = Ehr()

    assert isinstance(await fetch(ehr, query=query), ChartUnreadable)
    assert ehr.requests == []


@pytest.mark.parametrize("token", ["a\r\nX-Evil: 1", "a b", "t\u00f6ken", "\ud800", ""])
async def test_what_is_no_bearer_token_is_not_sent(token):
    """Nothing that a client sends as token can break the header, or the service."""
    ehr = Ehr()

    assert isinstance(await fetch(ehr, token=token), ChartUnreadable)
    assert ehr.requests == []


@given(st.text(max_size=80), st.text(max_size=80), st.none() | st.text(max_size=20))
@settings(max_examples=200, deadline=None)
async def test_whatever_is_named_is_read_there_or_not_at_all(server, query, token):
    """Any server, query and token: either a request to the allowed origin, or `ChartUnreadable`."""
    ehr = Ehr()

    found = await fetch(ehr, server, query=query, token=token)

    assert isinstance(found, ChartUnreadable) or {str(each.url)[:24] for each in ehr.requests} == {
        "https://ehr.example.org/"
    }


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(302, headers={"location": "https://evil.example/Patient/77"}),
        httpx.Response(401),
        httpx.Response(404, json={"resourceType": "OperationOutcome"}),
        httpx.Response(500),
        httpx.Response(200, content=b"<html>"),
        httpx.Response(200, content=b"[]"),
        httpx.Response(200, content=b"[" * 100_000),
        httpx.Response(200, content=b'"' + b"x" * ChartLimits().max_response_bytes + b'"'),
        httpx.Response(200, content=b"1" * 5000),
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("bad"),
    ],
)
async def test_whatever_goes_wrong_is_one_error(response):
    """Redirects, refusals, nonsense, too much and no connection are all unreadable; nothing is followed."""
    ehr = Ehr(response)

    unreadable = await fetch(ehr, token="t0ken")

    assert isinstance(unreadable, ChartUnreadable)
    assert len(ehr.requests) == 1
    assert "77" not in str(unreadable)
    assert "t0ken" not in str(unreadable)


async def test_the_time_limit_is_over_everything():
    """A server that never ends is given up."""
    assert "within" in str(await fetch(Ehr(delay_s=30), timeout_s=0.05))


async def test_neither_token_nor_patient_is_logged(caplog):
    """The HTTP library logs addresses unless it is told not to."""
    with caplog.at_level(logging.INFO):
        await fetch(Ehr(), token="t0ken")
        await fetch(Ehr(httpx.ConnectError("refused")), token="t0ken")

    assert caplog.records == []
    assert "t0ken" not in repr(ChartAccess(SERVER, "t0ken"))


async def test_a_resource_comes_as_it_is():
    """The client parses and judges nothing."""
    strange = {"resourceType": "OperationOutcome", "issue": [{"code": "x"}]}

    assert await fetch(Ehr(httpx.Response(200, content=json.dumps(strange)))) == (strange,)
