"""Attacks on the authentication of clients, each against the whole application.

From outside they all look alike: the same bare 401 that a call without a token gets, and no
body read. The log names the reason, and nothing that the attacker wrote.
"""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from joserfc import jws
from structlog.testing import capture_logs

from cds.client import Client
from cds.screening import Known
from cds.security.client_authentication import JwtAuthentication, KnownClient, TokenRules
from cds.security.client_keys import OF_URL, FixedKeys, RefreshedKeys
from cds.security.clients_file import RegisteredClient
from cds.security.key_set import read_key_set
from cds.security.key_sources import JwksUrl
from tests.support.assessments import a_result
from tests.support.client_tokens import (
    BASE_URL,
    DISCOVERY,
    ISSUER,
    ORDER_SIGN,
    a_key_set,
    a_pair,
    a_token,
    some_claims,
)
from tests.support.clock import SettableClock
from tests.support.fakes import FakeReplayCache
from tests.support.hook_calls import an_order_sign
from tests.support.hook_site import a_site
from tests.support.jwks_server import jwks_server

NOW_S = int(SettableClock().now().timestamp())
OURS, ATTACKERS = a_pair(), a_pair("attackers")
BEARER = "Bearer "


def a_registered_client(**changes):
    """An EHR with one P-384 key, of tenant north."""
    usual = {
        "client": Client(ISSUER, "north"),
        "tenant": "north",
        "algorithms": frozenset({"ES384", "RS384"}),
        "audiences": frozenset(),
        "keys": read_key_set(a_key_set(OURS, a_pair("p256", "P-256"), a_pair("rsa", 2048))),
    }
    return RegisteredClient(**(usual | changes))


def an_authentication(entry=None, keys=None, used=None):
    """Authentication of that client alone."""
    entry = entry or a_registered_client()
    known = KnownClient(entry, keys or FixedKeys(entry.keys))
    return JwtAuthentication([known], used or FakeReplayCache(), SettableClock(), TokenRules(BASE_URL, 60.0, 600.0))


@dataclass
class Body:
    """The body of a call, which notes whether anybody read it."""

    call: object = field(default_factory=an_order_sign)
    was_read: bool = False

    async def __aiter__(self):
        self.was_read = True
        yield json.dumps(self.call).encode()


async def send(*authorizations, authentication=None, path=ORDER_SIGN):
    """One call with these Authorization headers: response, reason in the log, whether the body was read."""
    site = a_site(Known(a_result()))
    site.authentication = authentication or an_authentication()
    body = Body()
    headers = [("Content-Type", "application/json"), *(("Authorization", each) for each in authorizations)]
    async with site.client() as client:
        with capture_logs() as logged:
            if path == DISCOVERY:
                response = await client.get(path, headers=headers)
            else:
                response = await client.post(path, content=body, headers=headers)
    reasons = [each["reason"] for each in logged if each["event"] == "client refused"]
    assert [row[2] for row in site.audit.rows if row[0] == "client-refused"] == reasons
    return response, reasons[0] if reasons else None, body.was_read, logged


def encoded(document) -> str:
    """Base64url of JSON or bytes."""
    text = document if isinstance(document, bytes) else json.dumps(document).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def signed_by_hand(header: bytes, claims: bytes) -> str:
    """Our key over any two texts, as no library would write them."""
    signing_input = f"{encoded(header)}.{encoded(claims)}".encode()
    r, s = decode_dss_signature(OURS.private_key.sign(signing_input, ECDSA(hashes.SHA384())))
    return f"{signing_input.decode()}.{encoded(r.to_bytes(48) + s.to_bytes(48))}"


def claims_text(**claims):
    """The claims of an honest token, with changes."""
    return json.dumps(some_claims(**claims)).encode()


def header_text(**members):
    """The header of an honest token, with changes."""
    return json.dumps({"alg": "ES384", "kid": OURS.kid, "typ": "JWT"} | members).encode()


def unsigned(signature=""):
    """`alg: none` with nothing, or something, in place of the signature."""
    return f"{encoded({'alg': 'none', 'kid': OURS.kid, 'typ': 'JWT'})}.{encoded(some_claims())}.{signature}"


def signed_with_the_public_key(secret: bytes):
    """HS256 whose shared secret is what everybody can read."""
    signing_input = f"{encoded({'alg': 'HS256', 'kid': OURS.kid, 'typ': 'JWT'})}.{encoded(some_claims())}"
    return f"{signing_input}.{encoded(hmac.new(secret, signing_input.encode(), hashlib.sha256).digest())}"


def two_signatures():
    """JWS in its general JSON form (RFC 7515, 7.2.1): one signature ours, one the attacker's."""
    members = [{"protected": {"alg": "ES384", "kid": pair.kid, "typ": "JWT"}} for pair in (OURS, ATTACKERS)]
    registry = jws.JWSRegistry(algorithms=["ES384"])
    pairs = {pair.kid: pair for pair in (OURS, ATTACKERS)}
    document = jws.serialize_json(
        members, claims_text(), lambda member: pairs[member.headers()["kid"]], registry=registry
    )
    return json.dumps(document)


def the_same_claim_twice(name, *values):
    """An honest token in which one claim occurs twice."""
    claims = json.dumps(some_claims()).removesuffix("}")
    return signed_by_hand(
        header_text(), f"{claims}, {', '.join(f'{json.dumps(name)}: {value}' for value in values)}}}".encode()
    )


ATTACKS = {
    "no token": ([], "no-credentials"),
    "alg none": ([BEARER + unsigned()], "refused-algorithm"),
    "alg none with a signature": ([BEARER + unsigned("AAAA")], "refused-algorithm"),
    "HS256 with the public key, PEM": (
        [BEARER + signed_with_the_public_key(OURS.as_pem(private=False))],
        "refused-algorithm",
    ),
    "HS256 with the public key, JWK": ([BEARER + signed_with_the_public_key(a_key_set(OURS))], "refused-algorithm"),
    "an algorithm that is not configured": (
        [BEARER + a_token(a_pair("rsa", 2048), algorithm="RS256")],
        "refused-algorithm",
    ),
    "unknown issuer": ([BEARER + a_token(iss="https://attacker.example.org")], "unknown-issuer"),
    "issuer in other letters": ([BEARER + a_token(iss=ISSUER.upper())], "unknown-issuer"),
    "key of the attacker": ([BEARER + a_token(ATTACKERS)], "unknown-key"),
    "key of the attacker under our kid": ([BEARER + a_token(ATTACKERS, header={"kid": OURS.kid})], "wrong-signature"),
    "kid of another of our keys": ([BEARER + a_token(header={"kid": "rsa"})], "unfit-key"),
    "key on another curve": ([BEARER + a_token(header={"kid": "p256"})], "unfit-key"),
    "no kid": (
        [BEARER + signed_by_hand(b'{"alg": "ES384", "typ": "JWT"}', claims_text())],
        "unusable-kid",
    ),
    "kid as a path": ([BEARER + a_token(header={"kid": "../../../../etc/passwd"})], "unknown-key"),
    "kid as SQL": ([BEARER + a_token(header={"kid": "x' UNION SELECT 'secret' --"})], "unknown-key"),
    "kid as a list": (
        [BEARER + signed_by_hand(header_text(kid=[OURS.kid]), claims_text())],
        "unusable-kid",
    ),
    "foreign jku": ([BEARER + a_token(ATTACKERS, header={"jku": "https://attacker.example.org/jwks"})], "unknown-key"),
    "embedded jwk": (
        [BEARER + a_token(ATTACKERS, header={"jwk": ATTACKERS.as_dict(private=False)})],
        "unusable-header",
    ),
    "x5u": ([BEARER + a_token(header={"x5u": "https://attacker.example.org/cert"})], "unusable-header"),
    "x5c": ([BEARER + a_token(header={"x5c": ["AAAA"]})], "unusable-header"),
    "crit": (
        [BEARER + signed_by_hand(header_text(crit=["exp"], exp=1), claims_text())],
        "unusable-header",
    ),
    "b64 false": (
        [BEARER + signed_by_hand(header_text(b64=False, crit=["b64"]), claims_text())],
        "unusable-header",
    ),
    "another kind of token": ([BEARER + a_token(header={"typ": "at+jwt"})], "unusable-typ"),
    "no typ": (
        [BEARER + signed_by_hand(json.dumps({"alg": "ES384", "kid": OURS.kid}).encode(), claims_text())],
        "unusable-typ",
    ),
    "expired": ([BEARER + a_token(iat=NOW_S - 400, exp=NOW_S - 100)], "expired"),
    "not yet valid": ([BEARER + a_token(nbf=NOW_S + 120)], "not-yet-valid"),
    "issued in the future": ([BEARER + a_token(iat=NOW_S + 120, exp=NOW_S + 300)], "not-yet-valid"),
    "valid for years": ([BEARER + a_token(exp=NOW_S + 10**8)], "unusable-lifetime"),
    "exp beyond arithmetic": ([BEARER + a_token(exp=10**300)], "unusable-exp"),
    "exp as text": ([BEARER + a_token(exp="9999999999")], "unusable-exp"),
    "exp without end": (
        [BEARER + signed_by_hand(header_text(), claims_text(exp=float("inf")))],
        "malformed",
    ),
    "exp as 1e999": (
        [BEARER + signed_by_hand(header_text(), claims_text(exp=1e300).replace(b"1e+300", b"1e999"))],
        "unusable-exp",
    ),
    "aud of another service": ([BEARER + a_token(aud=f"{BASE_URL}/cds-services/another")], "wrong-audience"),
    "aud of discovery": ([BEARER + a_token(aud=BASE_URL + DISCOVERY)], "wrong-audience"),
    "aud of another host": ([BEARER + a_token(aud=f"https://attacker.example.org{ORDER_SIGN}")], "wrong-audience"),
    "another tenant": ([BEARER + a_token(tenant="south")], "wrong-tenant"),
    "the same claim twice": ([BEARER + the_same_claim_twice("iss", '"https://attacker.example.org"')], "malformed"),
    "the same header twice": (
        [BEARER + signed_by_hand(header_text()[:-1] + b', "alg": "none"}', claims_text())],
        "malformed",
    ),
    "two signatures in one JWS": ([BEARER + two_signatures()], "malformed"),
    "two headers": ([BEARER + a_token(), BEARER + a_token()], "two-credentials"),
    "two tokens in one header": ([f"{BEARER}{a_token()}, {BEARER}{a_token()}"], "malformed"),
    "four segments": ([BEARER + a_token() + ".AAAA"], "malformed"),
    "encrypted": ([BEARER + "e30.e30.e30.e30.e30"], "malformed"),
    "signature cut": ([BEARER + a_token()[:-4]], "wrong-signature"),
    "no signature": ([BEARER + a_token().rpartition(".")[0] + "."], "wrong-signature"),
    "a signature of zeros": ([BEARER + a_token().rpartition(".")[0] + "." + encoded(bytes(96))], "wrong-signature"),
    "oversized": ([BEARER + a_token(extension="x" * 20_000)], "oversized"),
    "basic": (["Basic " + base64.b64encode(b"a:b").decode()], "no-bearer-token"),
    "nothing after the scheme": (["Bearer"], "malformed"),
    "no JSON": ([BEARER + f"{encoded(b'<x>')}.{encoded(b'<x>')}.AAAA"], "malformed"),
    "arrays": ([BEARER + f"{encoded([])}.{encoded([])}.AAAA"], "malformed"),
    "deep": ([BEARER + f"{encoded(b'[' * 3000)}.{encoded({})}.AAAA"], "malformed"),
}


def without_trace(response):
    """Headers but for the id of this one call."""
    return [(name, value) for name, value in response.headers.multi_items() if name != "x-trace-id"]


@pytest.mark.parametrize("attack", ATTACKS)
async def test_attack(attack):
    """A bare 401 outside, the precise reason inside, and nothing of the token anywhere."""
    authorizations, reason = ATTACKS[attack]
    nobody, *_ = await send()

    response, told, was_read, logged = await send(*authorizations)

    assert told == reason
    assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")
    assert (response.content, without_trace(response)) == (nobody.content, without_trace(nobody))
    assert not was_read
    written = json.dumps(logged, default=str)
    for secret in (part for each in authorizations for part in each.replace(" ", ".").split(".") if len(part) > 10):
        assert secret not in written
    assert "attacker" not in written


@pytest.mark.parametrize("path", [DISCOVERY, ORDER_SIGN, "/cds-services/no-such-service"])
async def test_every_hook_route_asks_first(path):
    """Also one that is not there: nobody learns which services exist."""
    response, reason, _, _ = await send(path=path)

    assert (response.status_code, reason) == (401, "no-credentials")


async def test_an_honest_client_is_let_in():
    """Discovery and call, each with a token of its own; the scheme may be written in any case."""
    discovered, *_ = await send("bearer " + a_token(path=DISCOVERY), path=DISCOVERY)
    answered, reason, was_read, _ = await send("BEARER " + a_token(tenant="north"))

    assert discovered.json()["services"]
    assert (answered.status_code, reason, was_read) == (200, None, True)
    assert len(answered.json()["cards"]) == 1


async def test_a_known_client_that_asks_for_nothing_we_have_is_told_so():
    """404 is for those who may know."""
    path = "/cds-services/no-such-service"

    response, *_ = await send(BEARER + a_token(path=path), path=path)

    assert response.status_code == 404


async def test_a_token_is_taken_once():
    """By whichever replica that shares the replay cache."""
    used, token = FakeReplayCache(), BEARER + a_token()

    first, *_ = await send(token, authentication=an_authentication(used=used))
    again, reason, was_read, _ = await send(token, authentication=an_authentication(used=used))

    assert (first.status_code, again.status_code, reason, was_read) == (200, 401, "replayed", False)


async def test_a_token_of_an_attacker_uses_up_no_id():
    """Only a token that is good in every other respect is remembered: nobody can burn the id of another's."""
    used = FakeReplayCache()
    authentication = an_authentication(used=used)

    await send(BEARER + a_token(ATTACKERS, header={"kid": OURS.kid}, jti="the-id"), authentication=authentication)
    await send(BEARER + a_token(jti="the-id", aud="elsewhere"), authentication=authentication)
    good, *_ = await send(BEARER + a_token(jti="the-id"), authentication=authentication)

    assert good.status_code == 200


async def test_a_foreign_jku_is_never_asked():
    """Keys come from the configured address alone, whatever the token says, and a kid made up costs one look."""
    with jwks_server(a_key_set(OURS)) as ours, jwks_server(a_key_set(ATTACKERS)) as theirs:
        source = JwksUrl(ours.url)
        keys = RefreshedKeys(ISSUER, source.read, OF_URL)
        authentication = an_authentication(keys=keys)
        reasons = []
        for number in range(20):
            foreign = a_token(ATTACKERS, header={"jku": theirs.url, "kid": f"made-up-{number}"})
            reasons.append((await send(BEARER + foreign, authentication=authentication))[1])
        honest, *_ = await send(BEARER + a_token(header={"jku": theirs.url}), authentication=authentication)
        await source.aclose()

    assert set(reasons) == {"unknown-key"}
    assert honest.status_code == 200
    assert (len(ours.asked), theirs.asked) == (1, [])


async def test_a_client_may_be_given_more_audiences():
    """For vendors that put something else than the URL into `aud`: as configured, exactly."""
    discovery_url = BASE_URL + DISCOVERY
    lenient = an_authentication(a_registered_client(audiences=frozenset({discovery_url})))

    accepted, *_ = await send(BEARER + a_token(aud=discovery_url), authentication=lenient)
    exact, *_ = await send(BEARER + a_token(), authentication=lenient)
    _, reason, *_ = await send(BEARER + a_token(aud=BASE_URL), authentication=lenient)

    assert (accepted.status_code, exact.status_code, reason) == (200, 200, "wrong-audience")
