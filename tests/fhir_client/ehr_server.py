"""A FHIR server on a loopback port, as wicked as a test wants it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = tuple[int, dict[str, str], bytes]
"""Status, headers, body."""


@dataclass
class EhrServer:
    """What was asked of it, with which headers."""

    base: str = ""
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)
    """Set when the test is over: handlers that hang wait for it."""


@contextmanager
def ehr_server(answer: Callable[[EhrServer, str], Answer | Iterator[bytes]]) -> Iterator[EhrServer]:
    """Serve until the block ends; an iterator of bytes is sent raw, however long it takes."""
    ehr = EhrServer()

    class Handler(BaseHTTPRequestHandler):
        """Hands each request to the test."""

        def do_GET(self) -> None:
            """Answer."""
            ehr.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}))
            answered = answer(ehr, self.path)
            try:
                if not isinstance(answered, tuple):
                    for piece in answered:
                        self.wfile.write(piece)
                    self.close_connection = True
                    return
                status, headers, body = answered
                self.send_response(status)
                for name, value in (headers | {"Content-Length": str(len(body))}).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)
            except OSError:  # the reader gave up, as it should
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    ehr.base = f"http://127.0.0.1:{server.server_port}/fhir"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield ehr
    finally:
        ehr.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
