"""What is counted is what came back."""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

from tests.benchmarks.screen.counting_proxy import counting

BODY = bytes(range(256)) * 4096


class Archive(BaseHTTPRequestHandler):
    """Answers everything with the same megabyte."""

    def do_GET(self) -> None:
        """As HTTP/1.0: the connection ends with the answer."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(BODY)

    def log_message(self, *_words: object) -> None:
        """Say nothing."""


def test_every_byte_passes_and_is_counted():
    """The answer is unchanged, under the same path; its body and a few headers are counted."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Archive)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with counting(f"http://127.0.0.1:{server.server_port}/dicom-web") as count:
            assert count.url.endswith("/dicom-web")
            assert requests.get(f"{count.url}/studies", timeout=10).content == BODY
            assert requests.get(f"{count.url}/studies", timeout=10).content == BODY
            assert 0 < count.received - 2 * len(BODY) < 1000
    finally:
        server.shutdown()
        server.server_close()
