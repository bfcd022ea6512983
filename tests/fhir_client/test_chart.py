import json
import logging

import anyio
import httpx
import pytest

from cds.fhir_client.chart import HttpPatientChart
from cds.ports import ChartUnreadable

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


async def read(ehr, server=SERVER, *, patient_id="77", token=None, origins=("https://ehr.example.org",), timeout_s=5.0):
    """Read one patient through the client."""
    chart = HttpPatientChart(origins, httpx.MockTransport(ehr), timeout_s)
    try:
        return await chart.read_patient(server, patient_id, token)
    finally:
        await chart.aclose()


async def test_a_patient_is_read_with_the_token():
    """One GET of Patient/id, as FHIR JSON, with the hook's token."""
    ehr = Ehr()

    assert await read(ehr, SERVER + "/", token="t0ken") == PATIENT

    (request,) = ehr.requests
    assert (request.method, str(request.url)) == ("GET", "https://ehr.example.org/fhir/Patient/77")
    assert request.headers["authorization"] == "Bearer t0ken"
    assert request.headers["accept"] == "application/fhir+json"


async def test_an_open_server_gets_no_authorization():
    """Without a token the request carries none, and not the one of an earlier hook."""
    ehr = Ehr()
    chart = HttpPatientChart(["https://ehr.example.org"], httpx.MockTransport(ehr))

    await chart.read_patient(SERVER, "77", "t0ken")
    await chart.read_patient(SERVER, "77", None)
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
    ],
)
async def test_only_allowed_origins_are_contacted(server):
    """Another host, port or scheme, credentials or a query in the address: nothing is sent."""
    ehr = Ehr()

    with pytest.raises(ChartUnreadable):
        await read(ehr, server)

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

    if allowed:
        assert await read(ehr, server, origins=(origin,)) == PATIENT
    else:
        with pytest.raises(ChartUnreadable):
            await read(ehr, server, origins=(origin,))
    assert bool(ehr.requests) == allowed


async def test_without_configured_origins_nothing_is_contacted():
    """The default is to read from nobody."""
    with pytest.raises(ChartUnreadable):
        await read(Ehr(), origins=())


@pytest.mark.parametrize("patient_id", ["..", ".", "a/b", "a?b", "", "x" * 65])
async def test_an_id_cannot_change_the_path(patient_id):
    """Only FHIR ids go into the address."""
    ehr = Ehr()

    with pytest.raises(ChartUnreadable):
        await read(ehr, patient_id=patient_id)

    assert ehr.requests == []


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
        httpx.Response(200, content=b'"' + b"x" * (1024 * 1024) + b'"'),
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("bad"),
    ],
)
async def test_whatever_goes_wrong_is_one_error(response):
    """Redirects, refusals, nonsense, too much and no connection are all unreadable; nothing is followed."""
    ehr = Ehr(response)

    with pytest.raises(ChartUnreadable) as unreadable:
        await read(ehr, token="t0ken")

    assert len(ehr.requests) == 1
    assert "77" not in str(unreadable.value)
    assert "t0ken" not in str(unreadable.value)


async def test_the_time_limit_is_over_everything():
    """A server that never ends is given up."""
    with pytest.raises(ChartUnreadable, match="within"):
        await read(Ehr(delay_s=30), timeout_s=0.05)


async def test_neither_token_nor_patient_is_logged(caplog):
    """The HTTP library logs addresses unless it is told not to."""
    with caplog.at_level(logging.INFO):
        await read(Ehr(), token="t0ken")

    assert caplog.records == []


async def test_a_resource_comes_as_it_is():
    """The client parses and judges nothing."""
    strange = {"resourceType": "OperationOutcome", "issue": [{"code": "x"}]}

    assert await read(Ehr(httpx.Response(200, content=json.dumps(strange)))) == strange
