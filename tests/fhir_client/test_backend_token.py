"""Mirrors cds/fhir_client/backend_token.py: a token by signed assertion, kept until it ends."""

from dataclasses import dataclass

import httpx
import pytest

from cds.ehr import EhrUnavailable
from cds.fhir_client.backend_token import BackendToken
from cds.fhir_client.ehr_session import ehr_client
from tests.support.client_tokens import a_pair
from tests.support.fake_ehr import BASE, FakeEhrServer, a_registration


@dataclass
class Seconds:
    """A clock in seconds."""

    now: float = 1000.0

    def __call__(self) -> float:
        """Now."""
        return self.now


def a_token_source(server, seconds=None, **facts):
    """As the wiring makes it."""
    seconds = seconds or Seconds()
    client = ehr_client(httpx.MockTransport(server.handle if isinstance(server, FakeEhrServer) else server))
    return BackendToken(a_registration(**facts), client, seconds, seconds)


@pytest.mark.parametrize(("pair", "algorithm"), [(a_pair("ehr-key"), "ES384"), (a_pair("rsa-key", 2048), "RS384")])
def test_the_assertion_is_what_the_standard_asks_for(pair, algorithm):
    """Issuer and subject are the client, the audience is the token endpoint, five minutes at most, never twice."""
    server = FakeEhrServer(key=pair)
    source = a_token_source(server, key=pair)
    source.current(refused=source.current())

    first, second = server.assertions
    assert (first["alg"], first["kid"], first["typ"]) == (algorithm, pair.kid, "JWT")
    assert first["iss"] == first["sub"] == "osteocds"
    assert first["aud"] == f"{BASE}/token"
    assert 0 < first["exp"] - 1000 <= 300
    assert first["jti"] != second["jti"]


def test_a_token_is_kept_until_shortly_before_its_end():
    """300 s here, of which the last 30 are not used."""
    server, seconds = FakeEhrServer(), Seconds()
    source = a_token_source(server, seconds)
    tokens = []
    for at in (0, 200, 269, 271):
        seconds.now = 1000 + at
        tokens.append(source.current())

    assert tokens == ["token-1", "token-1", "token-1", "token-2"]


def test_a_token_that_another_thread_has_replaced_is_not_replaced_again():
    """Both were refused the first; one asked for the second."""
    source = a_token_source(FakeEhrServer())
    first = source.current()

    assert source.current(refused=first) == source.current(refused=first) == "token-2"


@pytest.mark.parametrize(
    "said",
    [
        {"token_endpoint": "https://elsewhere.example.org/token"},
        {"token_endpoint": "http://fhir.example.org/token"},
        {"token_endpoint": 3},
        {},
    ],
)
def test_a_token_endpoint_elsewhere_has_to_be_named_by_the_operator(said):
    """An assertion goes nowhere else."""
    with pytest.raises(EhrUnavailable, match="token_url"):
        a_token_source(lambda _: httpx.Response(200, json=said)).current()


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (httpx.Response(401, json={"error": "invalid_client", "error_description": "secret"}), "answered 401"),
        (httpx.Response(200, json={"token_type": "bearer"}), "no token"),
        (httpx.Response(200, json={"access_token": "a b", "token_type": "bearer"}), "no token"),
        (httpx.Response(200, json={"access_token": "abc", "token_type": "mac"}), "no bearer"),
        (httpx.Response(200, text="abc"), "no JSON"),
        (httpx.Response(302, headers={"Location": "https://elsewhere.example.org"}), "answered 302"),
    ],
)
def test_without_a_usable_token_everything_waits(answer, why):
    """Nothing of the answer's text is told."""
    with pytest.raises(EhrUnavailable, match=why) as caught:
        a_token_source(lambda _: answer, token_url=f"{BASE}/token").current()
    assert caught.value.concerns_all
    assert "secret" not in str(caught.value)
