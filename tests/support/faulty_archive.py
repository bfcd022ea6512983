"""An archive over real HTTP that is slow, breaks off, errs or lies: what it answers is up to the test."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from requests import Request

from tests.support.dicom_fake_server import multipart

TIMEOUT_S = 0.3
"""Of whoever asks."""

Answer = Callable[[BaseHTTPRequestHandler], None]


@contextmanager
def an_archive_with(answers: Sequence[Answer]) -> Iterator[str]:
    """Each request gets the next answer; the last one stays, and may be replaced. Its DICOMweb root."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
            answer(self)
            self.close_connection = True

        def log_message(self, *_):
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/dicom-web"
    finally:
        server.shutdown()
        server.server_close()


def body_of(files):
    """Headers and body of a multipart answer."""
    response = multipart(Request("GET", "http://x/").prepare(), files)
    return dict(response.headers), response.content


def sending(status, headers, body, *, keep=1.0):
    """An answer of which only a part of the body is sent."""

    def answer(handler):
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body[: int(len(body) * keep)])

    return answer


def whole(files):
    """The series as it should come."""
    return sending(200, *body_of(files))


def cut(files):
    """The connection ends in the middle of an image."""
    headers, body = body_of(files)
    return sending(200, headers, body, keep=0.6)


def busy(_files):
    """Please come again."""
    return sending(503, {"Retry-After": "0", "Content-Length": "0"}, b"")


def broken(_files):
    """A fault of the server."""
    return sending(500, {"Content-Length": "0"}, b"")


def silent(_files):
    """Takes the question and says nothing."""

    def answer(_handler):
        time.sleep(4 * TIMEOUT_S)

    return answer


def stalled(files):
    """Begins to send, and then stands still."""
    headers, body = body_of(files)

    def answer(handler):
        sending(200, headers, body, keep=0.5)(handler)
        handler.wfile.flush()
        time.sleep(4 * TIMEOUT_S)

    return answer


def dripping(files):
    """Sends all of it, a little at a time, and is never silent for long."""
    headers, body = body_of(files)

    def answer(handler):
        sending(200, headers, b"")(handler)
        for start in range(0, len(body), 1000):
            try:
                handler.wfile.write(body[start : start + 1000])
                handler.wfile.flush()
            except OSError:  # nobody listens any more
                return
            time.sleep(TIMEOUT_S / 6)

    return answer


def of_another_kind(_files):
    """A page where images should be."""
    body = b"<html>Please sign in</html>"
    return sending(200, {"Content-Type": "text/html", "Content-Length": str(len(body))}, body)


def of_wrong_bytes(files):
    """Images in which bytes were turned."""
    headers, body = body_of([bytes(reversed(file)) for file in files])
    return sending(200, headers, body)


def one_damaged(files):
    """A series of which one image has lost its end, in the middle of the header."""
    headers, body = body_of([*files[:4], files[4][:700], *files[5:]])
    return sending(200, headers, body)
