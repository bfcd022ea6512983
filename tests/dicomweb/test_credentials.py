"""How the archive knows us."""

import base64
import json

import pytest
import requests

from cds.dicomweb import credentials
from cds.dicomweb.credentials import BearerFile, ClientCredentials, PasswordFile, TokenService, read_secret
from cds.dicomweb.web_session import ArchiveSession, ConnectionPolicy
from cds.errors import ArchiveUnavailable, SettingsInvalid
from tests.support.dicom_fake_server import URL, FakeDicomwebServer, reply


def session_with(auth, server):
    """A session that presents these credentials."""
    session = ArchiveSession(URL, ConnectionPolicy(retries=0, sleep=lambda _seconds: None), auth)
    session.mount("http://", server)
    return session


@pytest.fixture
def server():
    """A server that answers anything."""
    return FakeDicomwebServer()


@pytest.fixture
def secret(tmp_path):
    """A file with a secret in it."""
    path = tmp_path / "secret"
    path.write_text("first\n")
    return path


def presented(server):
    """What the server was shown, in order."""
    return [request.headers["Authorization"] for request in server.requests]


def test_a_secret_must_be_there_and_not_empty(tmp_path):
    """Given no file, an empty one, and one that is no text, then the setting and the path are named."""
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\xff")
    for name in ("missing", "empty", "binary"):
        with pytest.raises(SettingsInvalid, match=f"^A_SETTING names .*{name}"):
            read_secret(tmp_path / name, "A_SETTING")


def test_a_rotated_token_is_used_from_the_next_request_on(server, secret):
    """Given a token file that is replaced between two requests, then each request has the token of its time."""
    session = session_with(BearerFile(secret), server)
    session.get(f"{URL}/studies")
    secret.write_text("second")
    session.get(f"{URL}/studies")

    assert presented(server) == ["Bearer first", "Bearer second"]


def test_a_token_rotated_while_it_is_refused_is_tried_at_once(server, secret):
    """Given a refusal during which the file changed, then the new token is tried; unchanged, it is not."""

    def refuse_and_rotate(request):
        secret.write_text("second")
        return reply(request, 401)

    session = session_with(BearerFile(secret), server)
    server.script = [refuse_and_rotate]
    session.get(f"{URL}/studies")
    server.script = [lambda request: reply(request, 401)]
    with pytest.raises(ArchiveUnavailable):
        session.get(f"{URL}/studies")

    assert presented(server) == ["Bearer first", "Bearer second", "Bearer second"]


def test_a_password_is_sent_as_http_basic(server, secret):
    """Given user and password file, then they are sent as RFC 7617 says."""
    session_with(PasswordFile("svc", secret), server).get(f"{URL}/studies")

    assert presented(server) == ["Basic " + base64.b64encode(b"svc:first").decode()]


class TokenServer:
    """Hands out token-1, token-2, ...; `answer` replaces the next answer."""

    def __init__(self, monkeypatch):
        self.asked = []
        self.answer = {}
        monkeypatch.setattr(credentials.requests, "post", self.post)

    def post(self, url, **options):
        """Answer as an OAuth token endpoint."""
        self.asked.append((url, options))
        response = requests.Response()
        response.status_code = self.answer.get("status", 200)
        body = self.answer.get("body", {"access_token": f"token-{len(self.asked)}", "expires_in": 100})
        response._content = body if isinstance(body, bytes) else json.dumps(body).encode()
        if "error" in self.answer:
            raise self.answer["error"]
        return response


@pytest.fixture
def tokens(monkeypatch):
    """A token service."""
    return TokenServer(monkeypatch)


@pytest.fixture
def now():
    """A clock in seconds; its first element is the time."""
    return [0.0]


@pytest.fixture
def oauth(secret, now):
    """Client credentials."""
    service = TokenService("https://id.test/token", "osteocds", secret, scope="dicom.read", verify="/own/ca.pem")
    return ClientCredentials(service, timeout_s=5, monotonic=lambda: now[0])


def test_a_token_is_asked_for_as_the_standard_says(server, tokens, oauth):
    """Given client credentials, then grant, scope and secret are sent, within limits, without redirects."""
    session_with(oauth, server).get(f"{URL}/studies")
    url, options = tokens.asked[0]

    assert url == "https://id.test/token"
    assert options["data"] == {"grant_type": "client_credentials", "scope": "dicom.read"}
    assert (options["auth"].username, options["auth"].password) == ("osteocds", "first")
    assert (options["timeout"], options["verify"], options["allow_redirects"]) == (5, "/own/ca.pem", False)
    assert presented(server) == ["Bearer token-1"]


def test_a_token_is_kept_until_shortly_before_it_expires(server, tokens, oauth, now):
    """Given a token of 100 seconds, then it serves until 30 seconds before its end."""
    session = session_with(oauth, server)
    for now[0] in (0.0, 69.0, 71.0, 140.0, 142.0):
        session.get(f"{URL}/studies")

    assert presented(server) == [f"Bearer token-{number}" for number in (1, 1, 2, 2, 3)]
    assert len(tokens.asked) == 3


def test_a_refused_token_is_replaced_once(server, tokens, oauth):
    """Given a token that the archive refuses before its time, then a new one is tried once, and no third."""
    session = session_with(oauth, server)
    server.script = [lambda request: reply(request, 401)]
    session.get(f"{URL}/studies")
    server.script = [lambda request: reply(request, 401)] * 2
    with pytest.raises(ArchiveUnavailable, match="refuses our credentials"):
        session.get(f"{URL}/studies")

    assert presented(server) == [f"Bearer token-{number}" for number in (1, 2, 2, 3)]
    assert len(tokens.asked) == 3


def test_a_token_without_a_lifetime_is_kept_for_five_minutes(server, tokens, oauth, now):
    """Given no expires_in, then a modest lifetime is assumed."""
    tokens.answer = {"body": {"access_token": "eternal"}}
    session = session_with(oauth, server)
    for now[0] in (0.0, 269.0, 271.0):
        session.get(f"{URL}/studies")

    assert len(tokens.asked) == 2


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"status": 401, "body": {"error": "invalid_client"}}, r"\(401\): check OSTEOCDS_ARCHIVE_OAUTH_CLIENT_ID"),
        ({"body": {}}, "no token for the archive"),
        ({"body": {"access_token": 5}}, "no token for the archive"),
        ({"body": []}, "no token for the archive"),
        ({"body": b"<html>"}, "JSONDecodeError at OSTEOCDS_ARCHIVE_OAUTH_TOKEN_URL"),
        ({"error": requests.ConnectionError("secret")}, "ConnectionError at OSTEOCDS_ARCHIVE_OAUTH_TOKEN_URL"),
    ],
    ids=str,
)
def test_no_token_is_an_unavailable_archive(server, tokens, oauth, answer, said):
    """Given a token service that refuses, babbles or is away, then the settings to check are named."""
    tokens.answer = answer

    with pytest.raises(ArchiveUnavailable, match=said):
        session_with(oauth, server).get(f"{URL}/studies")
