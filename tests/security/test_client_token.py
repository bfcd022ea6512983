"""Mirrors cds/security/client_token.py; the attacks are in test_attacks.py."""

import base64
import json
from datetime import UTC, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.ports import ClientRefused
from cds.security.client_token import MAX_CHARACTERS, Expected, ProvenToken, prove, read_token
from cds.security.key_set import read_key_set
from tests.support.client_tokens import BASE_URL, ISSUER, ORDER_SIGN, a_key_set, a_pair, a_token
from tests.support.clock import SettableClock

NOW = SettableClock().now()
NOW_S = int(NOW.timestamp())
URL = BASE_URL + ORDER_SIGN
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)


def expected(**changes):
    """What a call of order-sign expects of its token."""
    usual = {"audiences": {URL}, "tenant": "north", "now": NOW, "leeway_s": 60.0, "max_lifetime_s": 600.0}
    return Expected(**(usual | changes))


def outcome(token, pair=None, **changes):
    """The proven token, or the reason why not."""
    pair = pair or a_pair()
    try:
        return prove(read_token(token), read_key_set(a_key_set(pair))[pair.kid], expected(**changes))
    except ClientRefused as refused:
        return refused.reason


def encoded(document) -> str:
    """Base64url of JSON."""
    text = document if isinstance(document, bytes) else json.dumps(document).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


@pytest.mark.parametrize(
    ("kind", "algorithm"),
    [
        ("P-256", "ES256"),
        ("P-384", "ES384"),
        ("P-521", "ES512"),
        *((2048, name) for name in ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")),
    ],
)
def test_every_algorithm_by_key_pair_is_verified(kind, algorithm):
    """Which of them a client may use is for its entry to say."""
    pair = a_pair(f"key-{kind}", kind)

    assert isinstance(outcome(a_token(pair, algorithm=algorithm), pair), ProvenToken)


def test_a_proven_token_tells_its_id_and_how_long_it_could_be_used_again():
    """Its expiry and the leeway: so long the replay cache must remember it."""
    proven = outcome(a_token(jti="the-id", exp=NOW_S + 300), leeway_s=60.0)

    assert proven == ProvenToken("the-id", (NOW + timedelta(seconds=360)).astimezone(UTC))


@pytest.mark.parametrize(
    "claims",
    [
        {"iat": NOW_S + 0.5},
        {"iat": NOW_S + 60},
        {"nbf": NOW_S + 60},
        {"iat": NOW_S - 359, "exp": NOW_S - 59},
        {"exp": NOW_S + 600},
        {"aud": ["https://other.example.org", URL]},
        {"tenant": "north"},
        {"sub": "anything", "extension": {"org.example": 1}},
    ],
    ids=str,
)
def test_what_real_clients_send_is_accepted(claims):
    """Rounded clocks within the leeway, an audience among several, the configured tenant, claims we do not know."""
    assert isinstance(outcome(a_token(**claims)), ProvenToken)


@pytest.mark.parametrize(
    "header", [{"typ": "jwt"}, {"x5t": "AA"}, {"jku": "https://unreachable.example.org/" + "x" * 2000}]
)
def test_harmless_headers_are_accepted(header):
    """A `jku`, however long, is not looked at."""
    assert isinstance(outcome(a_token(header=header)), ProvenToken)


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"iat": NOW_S + 61}, "not-yet-valid"),
        ({"nbf": NOW_S + 61}, "not-yet-valid"),
        ({"iat": NOW_S - 360, "exp": NOW_S - 60}, "expired"),
        ({"exp": NOW_S + 601}, "unusable-lifetime"),
        ({"iat": NOW_S + 30, "exp": NOW_S + 20}, "unusable-lifetime"),
        ({"iat": NOW_S, "exp": NOW_S}, "unusable-lifetime"),
        ({"exp": 10**300}, "unusable-exp"),
        ({"exp": True}, "unusable-exp"),
        ({"exp": str(NOW_S + 300)}, "unusable-exp"),
        ({"exp": -1}, "unusable-exp"),
        ({"exp": None}, "unusable-exp"),
        ({"iat": None}, "unusable-iat"),
        ({"nbf": "soon"}, "unusable-nbf"),
        ({"jti": None}, "unusable-jti"),
        ({"jti": ""}, "unusable-jti"),
        ({"jti": 7}, "unusable-jti"),
        ({"aud": None}, "wrong-audience"),
        ({"aud": []}, "wrong-audience"),
        ({"aud": [[URL]]}, "wrong-audience"),
        ({"aud": {URL: 1}}, "wrong-audience"),
        ({"aud": BASE_URL}, "wrong-audience"),
        ({"aud": URL + "/"}, "wrong-audience"),
        ({"tenant": "south"}, "wrong-tenant"),
        ({"tenant": ["north"]}, "wrong-tenant"),
        ({"iss": None}, "unusable-iss"),
    ],
    ids=str,
)
def test_claims_that_do_not_fit_are_refused_with_their_reason(claims, reason):
    """One code for each way to be wrong."""
    assert outcome(a_token(**claims)) == reason


def test_a_key_that_is_published_for_another_algorithm_is_not_used():
    """`alg` of the key, kind and curve bind it."""
    rsa, p256 = a_pair("rsa", 2048), a_pair("p256", "P-256")
    for_rs256 = json.loads(a_key_set(rsa))
    for_rs256["keys"][0]["alg"] = "RS256"
    (key,) = read_key_set(json.dumps(for_rs256).encode()).values()

    with pytest.raises(ClientRefused, match="unfit-key"):
        prove(read_token(a_token(rsa)), key, expected())
    assert outcome(a_token(rsa), p256) == "unfit-key"
    assert outcome(a_token(p256, algorithm="ES256"), a_pair()) == "unfit-key"


def test_every_changed_character_is_noticed():
    """A token with any one character changed is not taken for the client's, and never crashes."""
    token = a_token()
    for place in range(0, len(token), 3):
        changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        assert isinstance(outcome(changed), str)


@given(st.text(max_size=200) | st.from_regex(r"[\w-]+\.[\w-]+\.[\w-]*", fullmatch=True))
def test_whatever_is_sent_is_refused_with_a_reason(token):
    """No text crashes the reader."""
    with pytest.raises(ClientRefused):
        read_token(token)


@given(
    st.dictionaries(st.sampled_from(["alg", "kid", "typ", "jku", "crit", "x"]), JSON),
    st.dictionaries(st.sampled_from(["iss", "aud", "exp", "x"]), JSON),
)
def test_whatever_json_is_sent_is_read_or_refused(header, claims):
    """Any JSON in header and claims leads to a token or to a reason."""
    try:
        token = read_token(f"{encoded(header)}.{encoded(claims)}.AAAA")
    except ClientRefused:
        return
    assert token.issuer == claims["iss"]
    assert outcome(token.compact) in {"unfit-key", "wrong-signature"}


def test_sizes():
    """A token may be long, and not longer."""
    assert isinstance(outcome(a_token(extension="x" * 5000)), ProvenToken)
    assert outcome("A" * (MAX_CHARACTERS + 1)) == "oversized"
    assert read_token(a_token()).issuer == ISSUER
