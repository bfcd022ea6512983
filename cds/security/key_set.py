"""The public keys of a CDS Client, from a JWK Set (RFC 7517).

A set is refused as a whole where it shows that something is wrong at the client: a private or
symmetric key in it, an RSA key that is too small, one `kid` for two keys. Keys that are not for
signatures, of kinds that we do not use or without a `kid` are passed over (RFC 7517, section 5).
"""

import base64
from collections.abc import Mapping
from types import MappingProxyType

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from cds.errors import OsteocdsError
from cds.security.strict_json import read_object

PublicKey = RSAKey | ECKey
Jwk = Mapping[str, object]

MAX_BYTES = 256 * 1024
"""Certificate chains make sets long; more than this is no key set."""

_PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_KINDS = (("RSA", None), ("EC", "P-256"), ("EC", "P-384"), ("EC", "P-521"))
"""`kty` and `crv` (RFC 7518, section 6)."""
_RSA_BITS = range(2048, 8192 + 1)
"""NIST SP 800-131A rev. 2 sets the lower bound; the upper one bounds the time of a verification."""


class KeysUnusable(OsteocdsError):
    """A key set cannot be read, or holds what it must not; the message says what, without the keys."""


def read_key_set(document: bytes) -> Mapping[str, PublicKey]:
    """The usable keys by their `kid`; raises `KeysUnusable`, also where there are none."""
    if len(document) > MAX_BYTES:
        raise KeysUnusable(f"the key set is larger than {MAX_BYTES} bytes")
    try:
        listed = read_object(document).get("keys")
    except ValueError as fault:
        raise KeysUnusable("the key set is not a JSON object, or has a member twice") from fault
    if not isinstance(listed, list) or not all(isinstance(jwk, dict) for jwk in listed):
        raise KeysUnusable("the key set has no list of keys")
    keys: dict[str, PublicKey] = {}
    for place, jwk in enumerate(listed, 1):
        _refuse_secrets(jwk, place)
        key_id = jwk.get("kid")
        if not _is_ours(jwk) or not isinstance(key_id, str) or not key_id:
            continue
        if key_id in keys:
            raise KeysUnusable(f"key {place}: its kid is that of an earlier key")
        keys[key_id] = _imported(jwk, place)
    if not keys:
        raise KeysUnusable("the key set has no EC or RSA key with a kid for signatures")
    return MappingProxyType(keys)


def _refuse_secrets(jwk: Jwk, place: int) -> None:
    if jwk.get("kty") == "oct":
        raise KeysUnusable(f"key {place} is symmetric; publish public keys only")
    if _PRIVATE_MEMBERS & jwk.keys():
        raise KeysUnusable(f"key {place} is a private key: replace the pair, and publish public keys only")


def _is_ours(jwk: Jwk) -> bool:
    operations = jwk.get("key_ops", ["verify"])
    for_signatures = jwk.get("use", "sig") == "sig" and isinstance(operations, list) and "verify" in operations
    return for_signatures and (jwk.get("kty"), jwk.get("crv")) in _KINDS


def _imported(jwk: Jwk, place: int) -> PublicKey:
    parts: dict[str, str | list[str]] = {name: value for name, value in jwk.items() if isinstance(value, str)}
    try:
        if jwk["kty"] == "EC":
            return ECKey.import_key(parts)
        bits = _modulus_bits(str(parts["n"]))
        if bits not in _RSA_BITS:
            raise KeysUnusable(f"key {place}: RSA with {bits} bits; {_RSA_BITS[0]} to {_RSA_BITS[-1]} are accepted")
        return RSAKey.import_key(parts)
    except (JoseError, ValueError, KeyError) as fault:
        raise KeysUnusable(f"key {place} is no valid {jwk['kty']} key") from fault


def _modulus_bits(modulus: str) -> int:
    """Asked before the key is made: large ones take long."""
    return int.from_bytes(base64.urlsafe_b64decode(modulus + "=="), "big").bit_length()
