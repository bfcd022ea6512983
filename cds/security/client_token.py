"""One JWT of a CDS Client: read, its signature verified, its claims checked (CDS Hooks 2.0, "Trusting CDS Clients").

Header: alg, kid and typ=JWT. `jku` is ignored, keys come from where the site says; a header that
brings or points to a key of its own, or changes how the token is read, is refused. Claims: iss,
aud, exp, iat and jti; tenant and nbf where present.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.util import urlsafe_b64decode

from cds.ports import ClientRefused
from cds.security.key_set import PublicKey
from cds.security.strict_json import read_object

MAX_CHARACTERS = 8192
"""A token as the standard describes it has about 700."""

_COMPACT = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]*")
_REFUSED_HEADERS = frozenset({"jwk", "x5u", "x5c", "crit", "b64", "enc", "zip"})
_SECONDS_END = 1e11
"""Far beyond any moment; larger numbers are attacks on arithmetic."""


class _Registry(jws.JWSRegistry):
    max_header_length = MAX_CHARACTERS  # the library's 512 is too short for a long jku


@dataclass(frozen=True, slots=True)
class ClaimedToken:
    """A token that can be read; nothing that it says is proven."""

    compact: str
    algorithm: str
    key_id: str
    issuer: str
    claims: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Expected:
    """What the claims must agree with."""

    audiences: Collection[str]
    tenant: str
    now: datetime
    leeway_s: float
    max_lifetime_s: float


@dataclass(frozen=True, slots=True)
class ProvenToken:
    """A token that its client signed, for this call and about now."""

    token_id: str
    usable_until: datetime


def read_token(compact: str) -> ClaimedToken:
    """Whose token it says it is, and how it is signed; raises `ClientRefused`."""
    if len(compact) > MAX_CHARACTERS:
        raise ClientRefused("oversized")
    segments = _COMPACT.fullmatch(compact)
    if segments is None:
        raise ClientRefused("malformed")
    try:
        header, claims = (read_object(urlsafe_b64decode(each.encode())) for each in segments.groups())
    except ValueError as fault:
        raise ClientRefused("malformed") from fault
    if _REFUSED_HEADERS & header.keys():
        raise ClientRefused("unusable-header")
    return ClaimedToken(compact, _algorithm(header), text_of(header, "kid"), text_of(claims, "iss"), claims)


def prove(token: ClaimedToken, key: PublicKey, expected: Expected) -> ProvenToken:
    """Verify the signature, then the claims; raises `ClientRefused`."""
    verify_signature(token, key)
    expires_at = _check_times(token.claims, expected)
    audience = token.claims.get("aud")
    named = audience if isinstance(audience, list) else [audience]
    if not any(each in expected.audiences for each in named if isinstance(each, str)):
        raise ClientRefused("wrong-audience")
    if "tenant" in token.claims and token.claims["tenant"] != expected.tenant:
        raise ClientRefused("wrong-tenant")
    usable_until = datetime.fromtimestamp(expires_at + expected.leeway_s, UTC)
    return ProvenToken(text_of(token.claims, "jti"), usable_until)


def _algorithm(header: Mapping[str, object]) -> str:
    if text_of(header, "typ").upper() != "JWT":
        raise ClientRefused("unusable-typ")
    return text_of(header, "alg")


def verify_signature(token: ClaimedToken, key: PublicKey) -> None:
    """Raises `ClientRefused`. The library checks that kind, curve and `alg` of the key are those of the algorithm."""
    registry = _Registry(algorithms=[token.algorithm], strict_check_header=False)
    try:
        genuine = jws.validate_compact(jws.extract_compact(token.compact.encode(), None, registry), key, None, registry)
    except (JoseError, ValueError) as fault:
        raise ClientRefused("unfit-key") from fault
    if not genuine:
        raise ClientRefused("wrong-signature")


def _check_times(claims: Mapping[str, object], expected: Expected) -> float:
    """When the token expires, in seconds since 1970."""
    now_s = expected.now.timestamp()
    issued_at, expires_at = seconds(claims, "iat"), seconds(claims, "exp")
    latest_start = max(issued_at, seconds(claims, "nbf")) if "nbf" in claims else issued_at
    if latest_start > now_s + expected.leeway_s:
        raise ClientRefused("not-yet-valid")
    if expires_at <= now_s - expected.leeway_s:
        raise ClientRefused("expired")
    if not 0 < expires_at - issued_at <= expected.max_lifetime_s:
        raise ClientRefused("unusable-lifetime")
    return expires_at


def seconds(claims: Mapping[str, object], name: str) -> float:
    """A claim in seconds since 1970; raises `ClientRefused`."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < _SECONDS_END:
        raise ClientRefused(f"unusable-{name}")
    return float(value)


def text_of(members: Mapping[str, object], name: str) -> str:
    """A member that is text; raises `ClientRefused`."""
    value = members.get(name)
    if not isinstance(value, str) or not value:
        raise ClientRefused(f"unusable-{name}")
    return value
