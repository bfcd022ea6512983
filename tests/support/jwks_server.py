"""A client's web server, for real, on loopback: it publishes what a test sets."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Published:
    """What the server answers, and how often it was asked."""

    url: str
    document: bytes
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    after_s: float = 0.0
    asked: list[str] = field(default_factory=list)


@contextmanager
def jwks_server(document: bytes) -> Iterator[Published]:
    """Serve the document at `url` until the end."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            published.asked.append(self.path)
            time.sleep(published.after_s)
            self.send_response(published.status)
            for name, value in published.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(published.document)))
            self.end_headers()
            self.wfile.write(published.document)

        def log_message(self, *_arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_arguments: None  # clients that hang up are part of the tests
    published = Published(f"http://127.0.0.1:{server.server_address[1]}/jwks.json", document)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield published
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
