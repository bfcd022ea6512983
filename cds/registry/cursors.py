"""Where the next page begins, as a token that only this service can read or make.

Encrypted as well as signed (JWE, A256GCM): a search by identifier must not put that identifier
into an address. What it says goes through the same reading as a search that was just sent.
"""

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import date

from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from cds.registry.refusals import Refused
from cds.registry.search_parameters import Pairs
from cds.resource import Position

_HEADER = {"alg": "dir", "enc": "A256GCM"}
_LONGEST = 16_384


@dataclass(frozen=True, slots=True)
class Cursor:
    """A search, the moment that its first page was asked at, and the last resource given out."""

    pairs: Pairs
    as_of: int
    after: Position | None
    """None for the first page, which needs no token."""


class Cursors:
    """Makes and opens them; each is for one client and one type."""

    def __init__(self, secret: bytes) -> None:
        self._key = OctKey.import_key(hmac.new(secret, b"registry cursor", hashlib.sha256).digest())

    def seal(self, cursor: Cursor, client_id: str, kind: str) -> str:
        """The token."""
        if cursor.after is None:
            raise ValueError("the first page has no cursor")
        key = cursor.after.key
        written = {
            "client": client_id,
            "type": kind,
            "pairs": list(cursor.pairs),
            "as_of": cursor.as_of,
            "key": key.isoformat() if isinstance(key, date) else key,
            "id": cursor.after.id,
        }
        return jwe.encrypt_compact(_HEADER, json.dumps(written, separators=(",", ":")), self._key)

    def open(self, token: str, client_id: str, kind: str) -> Cursor:
        """What was sealed for this client and type; raises `Refused` 400."""
        refused = Refused(400, "_cursor: is not from a page of this search; begin the search again.")
        if len(token) > _LONGEST or not token.isascii():
            raise refused
        try:
            opened = jwe.decrypt_compact(token, self._key, algorithms=list(_HEADER.values()))
        except (JoseError, ValueError, KeyError) as fault:
            raise refused from fault
        written = json.loads(opened.plaintext or b"{}")
        if (written["client"], written["type"]) != (client_id, kind):
            raise refused
        key = written["key"]
        position = Position(date.fromisoformat(key) if isinstance(key, str) else key, written["id"])
        return Cursor([(name, value) for name, value in written["pairs"]], written["as_of"], position)
