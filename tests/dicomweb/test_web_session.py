"""The session to a DICOMweb archive: retries, refusals, and what messages never say."""

import logging
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import requests

from cds.dicomweb.web_session import ArchiveSession, ConnectionPolicy
from cds.errors import ArchiveUnavailable
from tests.support.dicom_fake_server import URL, FakeDicomwebServer, reply

SECRET = "PAT-SECRET-1"
QUERY = f"{URL}/studies?PatientID={SECRET}"


def answering(status, headers=None):
    """A scripted answer."""
    return lambda request: reply(request, status, b"[]", headers)


def failing(error):
    """A scripted failure, with a message as requests makes it: the URL in it."""
    return lambda request: error(f"Max retries exceeded with url: {request.url}")


@pytest.fixture
def server():
    """A server without images."""
    return FakeDicomwebServer()


@pytest.fixture
def pauses():
    """How long the session slept."""
    return []


@pytest.fixture
def session(server, pauses):
    """A session with two retries, which notes its pauses instead of sleeping."""
    session = ArchiveSession(URL, ConnectionPolicy(timeout_s=7, retries=2, sleep=pauses.append))
    session.mount("http://", server)
    return session


@pytest.mark.parametrize(
    "trouble",
    [answering(502), answering(503), answering(504), answering(429), failing(requests.ConnectionError)],
    ids=["502", "503", "504", "429", "connection"],
)
def test_a_passing_failure_is_tried_again_after_growing_pauses(session, server, pauses, trouble):
    """Given two failures and then an answer, then the answer is returned."""
    server.script = [trouble, trouble, answering(200)]

    assert session.get(QUERY).status_code == 200
    assert pauses == [0.25, 0.5]


def test_the_pause_is_the_one_the_server_asks_for(session, server, pauses):
    """Given Retry-After in seconds, as a date, far too long, and senseless, then it is honoured within reason."""
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=5), usegmt=True)
    for asked in ("3", soon, "86400", "soon"):
        server.script = [answering(503, {"Retry-After": asked}), answering(200)]
        session.get(QUERY)

    assert pauses[0] == 3
    assert 3 < pauses[1] <= 5
    assert pauses[2:] == [20, 0.25]


@pytest.mark.parametrize(
    ("trouble", "said"),
    [
        (answering(503), r"the archive pacs.test:8042 answers with an error \(503\)"),
        (answering(500), r"answers with an error \(500\)"),
        (failing(requests.ConnectionError), "pacs.test:8042 cannot be reached"),
        (failing(requests.Timeout), "did not answer in time"),
        (
            failing(requests.exceptions.SSLError),
            "check OSTEOCDS_ARCHIVE_CA_FILE and OSTEOCDS_ARCHIVE_CLIENT_CERTIFICATE",
        ),
        (failing(requests.exceptions.InvalidURL), "cannot be asked: InvalidURL"),
        (answering(401), r"refuses our credentials \(401\): check OSTEOCDS_ARCHIVE_BEARER_TOKEN_FILE"),
        (answering(403), r"refuses our credentials \(403\)"),
        (answering(302, {"Location": "http://elsewhere/"}), "redirects elsewhere .* set OSTEOCDS_ARCHIVE_URL"),
    ],
)
def test_a_lasting_failure_says_what_to_do_and_nothing_about_the_patient(session, server, trouble, said):
    """Given a failure that stays, then the archive is unavailable, and no part of the error holds the query."""
    server.script = [trouble] * 3
    with pytest.raises(ArchiveUnavailable, match=said) as raised:
        session.get(QUERY)

    error = raised.value
    while error is not None:
        assert SECRET not in str(error)
        error = error.__cause__


@pytest.mark.parametrize("trouble", [answering(500), answering(401), answering(302, {"Location": "/"}), answering(404)])
def test_what_will_not_pass_is_asked_once(session, server, trouble):
    """Given a failure that waiting cannot mend, then there is no second request."""
    server.script = [trouble, answering(200)]
    with suppress(ArchiveUnavailable):
        session.get(QUERY)

    assert len(server.requests) == 1


def test_log_lines_never_hold_the_query(session, server, caplog):
    """Given every log level switched on, when a query fails and is repeated, then no line quotes it."""
    caplog.set_level(logging.DEBUG)
    server.script = [failing(requests.ConnectionError), answering(503), answering(200)]
    session.get(QUERY)

    assert SECRET not in caplog.text


def test_every_request_has_a_time_limit(server, monkeypatch):
    """Given a policy of 7 seconds, then connecting and every silence are limited to it, connecting to 10 at most."""
    seen = []
    for timeout_s in (7, 60):
        session = ArchiveSession(URL, ConnectionPolicy(timeout_s=timeout_s))
        session.mount("http://", server)
        monkeypatch.setattr(server, "send", lambda request, **options: seen.append(options) or reply(request, 200))
        session.get(QUERY)

    assert [options["timeout"] for options in seen] == [(7, 7), (10, 60)]


def test_an_own_authority_outranks_the_environment(server, monkeypatch, tmp_path):
    """Given a CA file in the settings and another in the environment, then that of the settings counts."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/somewhere/else.pem")
    seen = []
    session = ArchiveSession(
        URL, ConnectionPolicy(ca_file=tmp_path / "own.pem", client_certificate=tmp_path / "me.pem")
    )
    session.mount("http://", server)
    monkeypatch.setattr(server, "send", lambda request, **options: seen.append(options) or reply(request, 200))
    session.get(QUERY)

    assert seen[0]["verify"] == str(tmp_path / "own.pem")
    assert seen[0]["cert"] == str(tmp_path / "me.pem")


def test_characters_that_a_query_may_hold_stay_as_they_are(session, server):
    """Given an identifier with a slash, then it is not escaped; what must be escaped is."""
    session.get(f"{URL}/studies?PatientID=12%2F34%20%26")

    assert server.requests[0].url.endswith("?PatientID=12/34%20%26")
