import json

import anyio
import pytest

from cds.screening import NoPrior
from tests.support.hook_calls import an_order_sign
from tests.support.hook_site import a_site

ORDER_SIGN = "/cds-services/osteocds-order-sign"
BODY = json.dumps(an_order_sign()).encode()


async def send(site, content=BODY, method="POST", path=ORDER_SIGN, **headers):
    """Send bytes as they are; underscores in header names are hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    async with site.client() as client:
        return await client.request(method, path, content=content, headers={"content-type": "application/json"} | named)


def pieces(*contents: bytes, pause_s: float = 0.0):
    """A body in pieces, without a length."""

    async def sent():
        for content in contents:
            yield content
            await anyio.sleep(pause_s)

    return sent()


async def test_a_body_in_pieces_without_a_length_is_read():
    """Chunked bodies are fine."""
    response = await send(a_site(NoPrior(())), pieces(BODY[:7], BODY[7:]))

    assert response.json() == {"cards": []}


async def test_a_body_that_does_not_end_is_408():
    """A client that sends slowly is let go after the configured time, and the connection with it."""
    with anyio.fail_after(5):
        response = await send(a_site(NoPrior(()), body_timeout_s=0.2), pieces(*[b" "] * 100, pause_s=0.05))

    assert response.status_code == 408
    assert response.headers["connection"] == "close"
    assert response.json()["issue"][0]["code"] == "timeout"


async def test_a_body_that_is_too_large_is_not_read_to_its_end():
    """Reading stops at the limit."""
    sent = 0

    async def endless():
        nonlocal sent
        while True:
            sent += 1
            yield b" " * 1024

    with anyio.fail_after(5):
        response = await send(a_site(NoPrior(()), max_body_bytes=4096), endless())

    assert response.status_code == 413
    assert response.headers["connection"] == "close"
    assert sent < 10


@pytest.mark.parametrize(
    "headers",
    [
        {"content_type": "application/json; charset=iso-8859-1"},
        {"content_type": "application/jsonx"},
        {"content_type": "json"},
        {"content_type": "text/json"},
        {"content_type": "multipart/form-data; boundary=x"},
        {"content_encoding": "gzip"},
        {"content_encoding": "identity, gzip"},
        {"content_encoding": "br"},
    ],
)
async def test_what_is_not_plain_json_in_utf_8_is_415(headers):
    """Other types, other character sets, and anything that would have to be unfolded."""
    assert (await send(a_site(NoPrior(())), **headers)).status_code == 415


@pytest.mark.parametrize("content_type", ["application/json;charset=UTF-8", 'application/json; charset="utf-8"'])
async def test_utf_8_may_be_said(content_type):
    """As many clients do."""
    assert (await send(a_site(NoPrior(())), content_type=content_type)).status_code == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "NONSENSE"])
async def test_other_methods_are_405_and_say_which_is_allowed(method):
    """With an OperationOutcome, before any body is read."""
    response = await send(a_site(NoPrior(())), method=method)

    assert response.status_code == 405
    assert response.headers["allow"] == "POST"
    assert response.headers["content-type"] == "application/fhir+json"


@pytest.mark.parametrize(
    "path",
    [
        "/cds-services/%00", "/cds-services/%ff%fe", "/cds-services/..%2f..%2fetc%2fpasswd", "/cds-services//",
        "/cds-services/osteocds-order-sign/", "/cds-services/OSTEOCDS-ORDER-SIGN", "/cds-services/%F0%9F%A6%B4",
        "/cds-services/osteocds-order-sign%20", "//cds-services", "/cds-services/" + "a" * 5000, "/%2e%2e/",
    ],
)  # fmt: skip
async def test_odd_paths_are_404(path):
    """Nothing is guessed, nothing redirects, nothing of the path comes back."""
    response = await send(a_site(NoPrior(())), path=path)

    assert response.status_code in (404, 405)
    assert response.json()["resourceType"] == "OperationOutcome"
    assert "passwd" not in response.text


async def test_two_content_types_are_none():
    """A proxy before us may have looked at the other one."""
    twice = [("content-type", "application/json"), ("content-type", "text/plain")]

    async with a_site(NoPrior(())).client() as client:
        response = await client.post(ORDER_SIGN, content=BODY, headers=twice)

    assert response.status_code == 415
