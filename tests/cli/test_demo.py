"""Mirrors cds/cli/demo.py: what a user is told when it fails. That it works: tests/system/test_demo_command.py."""

import io
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from rich.console import Console

from cds.cli.demo import ASK_AT_MOST, DemoFailed, order_until_card
from cds.cli.service_process import RunningService


class NeverACard(BaseHTTPRequestHandler):
    """Answers every order at once with no card."""

    def do_POST(self):
        """200, whatever was sent."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"cards": []}')

    def log_message(self, *_):
        """Nothing."""


def test_a_demo_without_a_card_keeps_the_log_of_the_service(tmp_path):
    """The folder of the service is removed; what it said is kept, and where is told."""
    log = tmp_path / "service.log"
    log.write_text("the worker died", encoding="utf-8")
    said = io.StringIO()
    with HTTPServer(("127.0.0.1", 0), NeverACard) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        service = RunningService(f"http://127.0.0.1:{server.server_port}", None, log)
        try:
            with pytest.raises(DemoFailed) as failed:
                order_until_card(Console(file=said), service, tmp_path / "out")
        finally:
            server.shutdown()
            thread.join()

    kept = tmp_path / "out" / "service.log"
    assert str(kept) in str(failed.value)
    assert kept.read_text(encoding="utf-8") == "the worker died"
    assert said.getvalue().count("no card after") == ASK_AT_MOST
