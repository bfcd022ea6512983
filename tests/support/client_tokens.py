"""A CDS Client's side: key pairs, key sets, and the tokens that it signs."""

import json
import uuid
from functools import cache

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from tests.support.clock import SettableClock

ISSUER = "https://ehr.example.org"
BASE_URL = "https://cds.example.org"
DISCOVERY = "/cds-services"
ORDER_SIGN = "/cds-services/osteocds-order-sign"


@cache
def a_pair(key_id="key-1", kind="P-384"):
    """A key pair, made once for each id; `kind` is a curve or a number of RSA bits."""
    named = {"kid": key_id}
    return RSAKey.generate_key(kind, named) if isinstance(kind, int) else ECKey.generate_key(kind, named)


def a_key_set(*pairs) -> bytes:
    """What the client publishes."""
    return json.dumps({"keys": [pair.as_dict(private=False) for pair in pairs or (a_pair(),)]}).encode()


def some_claims(path=ORDER_SIGN, now=None, **claims):
    """Claims for one call as the standard wants them; None leaves one out."""
    issued_at = int((now or SettableClock().now()).timestamp())
    usual = {
        "iss": ISSUER,
        "aud": BASE_URL + path,
        "iat": issued_at,
        "exp": issued_at + 300,
        "jti": str(uuid.uuid4()),
    }
    return {name: value for name, value in (usual | claims).items() if value is not None}


def a_token(pair=None, header=None, algorithm=None, **claims) -> str:
    """A signed token; without a pair, of the first key."""
    pair = pair or a_pair()
    algorithm = algorithm or ("RS384" if pair.key_type == "RSA" else "ES384")
    usual = {"alg": algorithm, "kid": pair.kid, "typ": "JWT"}
    return jwt.encode(usual | (header or {}), some_claims(**claims), pair, algorithms=[algorithm])
