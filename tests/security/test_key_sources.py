"""Mirrors cds/security/key_sources.py, with a real server on loopback."""

import socket

import pytest

from cds.security.key_set import MAX_BYTES, KeysUnusable
from cds.security.key_sources import JwksFile, JwksUrl
from tests.support.client_tokens import a_key_set
from tests.support.jwks_server import jwks_server


async def read(url, **options):
    """One reading."""
    source = JwksUrl(url, **options)
    try:
        return await source.read()
    finally:
        await source.aclose()


async def test_what_is_published_is_read():
    """As it is."""
    with jwks_server(a_key_set()) as server:
        assert await read(server.url) == a_key_set()


@pytest.mark.parametrize(
    ("served", "words"),
    [
        ({"status": 404}, "answered 404"),
        ({"status": 500}, "answered 500"),
        ({"document": b" " * (MAX_BYTES + 1)}, "more than"),
        ({"after_s": 0.4}, "did not answer within 0.1 s"),
    ],
)
async def test_no_key_set_is_said_so(served, words):
    """Whatever the server does, there is a sentence for it."""
    with jwks_server(a_key_set()) as server:
        vars(server).update(served)
        with pytest.raises(KeysUnusable, match=words):
            await read(server.url, timeout_s=0.1 if "after_s" in served else 3.0)


async def test_a_redirect_is_not_followed():
    """Keys come from the configured address, not from where it points."""
    with jwks_server(a_key_set()) as elsewhere, jwks_server(b"") as server:
        server.status, server.headers = 302, {"Location": elsewhere.url}
        with pytest.raises(KeysUnusable, match="answered 302"):
            await read(server.url)

    assert elsewhere.asked == []


async def test_a_server_that_is_away_is_said_so():
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]

    with pytest.raises(KeysUnusable, match="could not be reached"):
        await read(f"http://127.0.0.1:{port}/jwks.json")


async def test_a_file_that_is_gone_is_said_so(tmp_path):
    """With the reason of the operating system."""
    with pytest.raises(KeysUnusable, match="No such file"):
        await JwksFile(tmp_path / "absent.json").read()
