"""An archive over real HTTP that is slow, breaks off, errs or lies: a named error in bounded time, or the volume."""

import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from requests import Request

from cds.dicomweb.web import DicomwebArchive
from cds.dicomweb.web_session import ArchiveSession, ConnectionPolicy
from cds.errors import ArchiveTooSlow, ArchiveUnavailable, SeriesUnusable
from tests.support.dicom_builder import a_series, a_volume, written
from tests.support.dicom_fake_server import multipart

TIMEOUT_S = 0.3


@contextmanager
def an_archive(answers, series_within_s=60.0):
    """Each request gets the next answer; the last one stays."""
    waiting = list(answers)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
            answer(self)
            self.close_connection = True

        def log_message(self, *_):
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}/dicom-web"
    session = ArchiveSession(url, ConnectionPolicy(timeout_s=TIMEOUT_S, retries=1))
    session.trust_env = False
    try:
        yield DicomwebArchive(url, session, retries=1, series_within_s=series_within_s)
    finally:
        session.close()
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A good series, as stored."""
    return [path.read_bytes() for path in written(tmp_path_factory.mktemp("good"))]


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
        for start in range(0, len(body), 2000):
            handler.wfile.write(body[start : start + 2000])
            handler.wfile.flush()
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


@pytest.mark.parametrize(
    "passing", [cut, busy, silent, stalled, of_wrong_bytes, one_damaged], ids=lambda each: each.__name__
)
def test_a_fault_that_passes_costs_one_more_request(files, passing):
    """Given one bad answer and then a good one, then the volume is whole."""
    with an_archive([passing(files), whole(files)]) as archive:
        np.testing.assert_array_equal(archive.retrieve(a_series()).hu, a_volume().hu)


@pytest.mark.parametrize(
    "lasting", [cut, busy, broken, silent, stalled, of_another_kind], ids=lambda each: each.__name__
)
def test_a_fault_that_stays_is_an_archive_that_is_away(files, lasting):
    """Given the same bad answer each time, then a named error, soon, and never a partial volume."""
    begun = time.monotonic()
    with an_archive([lasting(files)]) as archive, pytest.raises(ArchiveUnavailable):
        archive.retrieve(a_series())

    assert time.monotonic() - begun < 30


def test_one_damaged_image_is_a_reason_and_no_archive_that_is_away(files):
    """Given a series with one damaged image each time, then it is refused by the image's name, as in a folder."""
    with an_archive([one_damaged(files)]) as archive:
        refused = archive.retrieve(a_series())

    assert [reason.text for reason in refused.reasons] == ["1 image file(s) are cut short: image 5 of 12."]


def test_a_series_of_wrong_bytes_is_an_error_of_that_series(files):
    """Given a series of which nothing can be read, then other patients hear of no archive that is away."""
    with an_archive([of_wrong_bytes(files)]) as archive, pytest.raises(SeriesUnusable):
        archive.retrieve(a_series())


def test_an_archive_that_is_never_silent_and_never_done_is_too_slow(files):
    """Given images that come, but too slowly for the site, then the error says so, and soon."""
    begun = time.monotonic()
    with (
        an_archive([dripping(files)], series_within_s=0.2) as archive,
        pytest.raises(ArchiveTooSlow, match=r"took more than 0\.2 s to send a series"),
    ):
        archive.retrieve(a_series())

    assert time.monotonic() - begun < 10
