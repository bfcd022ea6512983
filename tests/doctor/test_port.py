"""Mirrors cds/doctor/port.py."""

import json
import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from cds.cli.service_process import free_loopback_port
from cds.doctor.port import TITLE, check_port
from tests.support.hook_site import a_site, some_settings


@contextmanager
def listening(document: str):
    """Somebody who answers every request with a document, and on which port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(document.encode())

        def log_message(self, *_):
            """Nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def checked(port, **settings):
    """What was found."""
    return check_port(some_settings(port=port, **settings))


def test_a_free_port_is_free_and_stays_so():
    """Also the second time; 0 is always free."""
    port = free_loopback_port()

    assert [checked(port).found for _ in range(2)] == [f"127.0.0.1:{port} is free"] * 2
    assert checked(0).state == "ok"


async def test_the_service_itself_is_known_by_its_openapi_document():
    """The title is the one that the application has."""
    async with a_site(None).client() as client:
        document = (await client.get("/openapi.json")).json()

    with listening(json.dumps(document)) as port:
        found = checked(port)

    assert document["info"]["title"] == TITLE
    assert (found.state, found.found) == ("ok", f"osteocds answers at 127.0.0.1:{port}")


@pytest.mark.parametrize("said", ["<html>", "[]", '{"info": "nothing"}', '{"info": {"title": "another"}}'])
def test_somebody_else_is_a_failure_that_names_the_setting(said):
    """Whatever they say."""
    with listening(said) as port:
        found = checked(port)

    assert found.state == "failed"
    assert found.found == f"something else listens on 127.0.0.1:{port}"
    assert "OSTEOCDS_PORT" in found.advice


def test_who_speaks_no_http_is_somebody_else(monkeypatch):
    """A listener that never answers is waited for, not for ever."""
    monkeypatch.setattr("cds.doctor.port._PATIENCE_S", 0.2)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        found = checked(silent.getsockname()[1])

    assert found.state == "failed"


def test_an_address_of_another_machine_names_its_setting():
    """TEST-NET-1 is nobody's."""
    found = checked(8480, host="192.0.2.7")

    assert found.state == "failed"
    assert "OSTEOCDS_HOST" in found.advice
