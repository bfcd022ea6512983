"""Access tokens for registries: short-lived, made and opened by this service alone.

A compact JWS (HS256) over client, scopes and the moment it expires. What the token allows is
looked up again in the configuration at each call, so taking a registry or a scope away acts at once.
"""

import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from cds.ports import ClientRefused

_ALGORITHM = "HS256"
_HEADER = {"alg": _ALGORITHM, "typ": "osteocds-access"}
_LONGEST = 4096


@dataclass(frozen=True, slots=True)
class Access:
    """What a token says."""

    client_id: str
    scopes: tuple[str, ...]


class AccessTokens:
    """Makes and opens them."""

    def __init__(self, secret: bytes) -> None:
        self._key = OctKey.import_key(hmac.new(secret, b"registry access token", hashlib.sha256).digest())

    def make(self, client_id: str, scopes: Sequence[str], expires_at: datetime) -> str:
        """A token for these scopes."""
        claims = {"sub": client_id, "scope": " ".join(scopes), "exp": int(expires_at.timestamp())}
        return jws.serialize_compact(_HEADER, json.dumps(claims, separators=(",", ":")), self._key)

    def open(self, token: str, now: datetime) -> Access:
        """What a token of ours says, while it holds; raises `ClientRefused`."""
        if len(token) > _LONGEST or not token.isascii():
            raise ClientRefused("malformed")
        try:
            signed = jws.deserialize_compact(token, self._key, algorithms=[_ALGORITHM])
            claims = json.loads(signed.payload)
            access, expires_at = Access(claims["sub"], tuple(claims["scope"].split())), int(claims["exp"])
        except (JoseError, ValueError, KeyError, TypeError) as fault:
            raise ClientRefused("not-our-token") from fault
        if signed.headers() != _HEADER:
            raise ClientRefused("not-our-token")
        if now.timestamp() >= expires_at:
            raise ClientRefused("expired", access.client_id)
        return access
