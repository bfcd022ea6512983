"""What a browser keeps for us: encrypted, so that it can neither be read nor changed.

JWE (RFC 7516), direct encryption with AES-256-GCM under keys derived from the link secret, one for
each purpose.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from cds.launch import LaunchRefused, ReadingSession
from cds.reader import Reader
from cds.security.same_text import same_text

_HEADER = {"alg": "dir", "enc": "A256GCM"}
_LONGEST = 3500
"""Of a cookie, browsers keep 4096 bytes."""


@dataclass(frozen=True, slots=True)
class Sealer:
    """Seals small facts for one purpose."""

    secret: bytes
    purpose: str

    def seal(self, facts: Mapping[str, str | int]) -> str:
        """Opaque text without characters that a cookie cannot hold."""
        return jwe.encrypt_compact(_HEADER, json.dumps(dict(facts)).encode(), self._key(), algorithms=list(_ALGORITHMS))

    def open(self, sealed: str, now: datetime) -> Mapping[str, str | int]:
        """Facts with an `exp` that lies ahead; raises `LaunchRefused`."""
        if not sealed or len(sealed) > _LONGEST or not sealed.isascii():
            raise LaunchRefused("cookie-missing")
        try:
            opened = jwe.decrypt_compact(sealed, self._key(), algorithms=list(_ALGORITHMS))
            facts = json.loads(opened.plaintext or b"")
            expires_at = int(facts["exp"])
        except (JoseError, ValueError, KeyError, TypeError) as fault:
            raise LaunchRefused("cookie-forged") from fault
        if now.timestamp() >= expires_at:
            raise LaunchRefused("cookie-expired")
        known: Mapping[str, str | int] = facts
        return known

    def _key(self) -> OctKey:
        return OctKey.import_key(hmac.new(self.secret, f"sealed {self.purpose}".encode(), hashlib.sha256).digest())


_ALGORITHMS = tuple(_HEADER.values())


class SealedSessions:
    """The `ReadingSessions` in a cookie: any replica can open it."""

    def __init__(self, secret: bytes) -> None:
        self._sealer = Sealer(secret, "reading session")
        self._secret = secret

    def seal(self, session: ReadingSession) -> str:
        """Opaque, and worth nothing after it has expired."""
        return self._sealer.seal(
            {
                "reader": session.reader.identity,
                "name": session.reader.name or "",
                "rid": session.result_id,
                "place": session.place,
                "exp": int(session.expires_at.timestamp()),
            }
        )

    def open(self, sealed: str, place: str, now: datetime) -> ReadingSession:
        """At its own address and nowhere else; raises `LaunchRefused`."""
        facts = self._sealer.open(sealed, now)
        if not place or facts.get("place") != place:
            raise LaunchRefused("another-address")
        expires_at = datetime.fromtimestamp(int(facts["exp"]), now.tzinfo)
        reader = Reader(str(facts["reader"]), str(facts.get("name", "")) or None)
        return ReadingSession(reader, str(facts["rid"]), expires_at, place)

    def is_form_token(self, given: str, sealed: str) -> bool:
        """Of this session, and of no other."""
        return same_text(given, self.form_token(sealed))

    def form_token(self, sealed: str) -> str:
        """A keyed hash of the session as the browser keeps it."""
        return hmac.new(self._secret, b"form\n" + sealed.encode(), hashlib.sha256).hexdigest()
