"""Mirrors cds/security/key_set.py."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc.util import int_to_base64

from cds.security.key_set import MAX_BYTES, KeysUnusable, read_key_set
from tests.support.client_tokens import a_key_set, a_pair


def a_jwk(pair=None, **members):
    """A public key of a set; None leaves a member out."""
    usual = (pair or a_pair()).as_dict(private=False) | members
    return {name: value for name, value in usual.items() if value is not None}


def a_set(*jwks):
    """A key set as it is published."""
    return json.dumps({"keys": jwks}).encode()


def a_weak_rsa_jwk(bits):
    """RSA below what the library makes without a warning."""
    public = rsa.generate_private_key(65537, bits).public_key().public_numbers()
    return {"kty": "RSA", "kid": "weak", "n": int_to_base64(public.n), "e": int_to_base64(public.e)}


def test_elliptic_and_rsa_keys_are_found_by_their_id():
    """Those are the keys of the algorithms that the standard recommends."""
    keys = read_key_set(a_key_set(a_pair("ec"), a_pair("rsa", 2048)))

    assert {key_id: key.key_type for key_id, key in keys.items()} == {"ec": "EC", "rsa": "RSA"}


def test_keys_that_are_not_for_us_are_passed_over():
    """Encryption keys, kinds that we do not use and keys without an id do no harm (RFC 7517, section 5)."""
    okp = {"kty": "OKP", "crv": "Ed25519", "kid": "ed", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    others = [
        okp,
        a_jwk(use="enc", kid="a"),
        a_jwk(key_ops=["sign"], kid="b"),
        a_jwk(key_ops="verify", kid="c"),
        a_jwk(kid=None),
        a_jwk(kid=7),
        a_jwk(kid=""),
        a_jwk(crv="P-999", kid="d"),
        a_jwk(crv=["P-384"], kid="e"),
        a_jwk(kty=None, kid="f"),
    ]

    assert set(read_key_set(a_set(*others, a_jwk(use="sig", key_ops=["verify"])))) == {"key-1"}


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (json.dumps({"keys": [a_pair().as_dict(private=True)]}).encode(), "key 1 is a private key"),
        (a_set(a_jwk(), a_jwk(kid="2", use="enc", d="AQ")), "key 2 is a private key"),
        (a_set({"kty": "oct", "k": "c2VjcmV0", "kid": "1"}), "key 1 is symmetric"),
        (a_set(a_weak_rsa_jwk(1024)), "RSA with 1024 bits"),
        (a_set({"kty": "RSA", "kid": "1", "n": int_to_base64(1 << 20_000), "e": "AQAB"}), "RSA with 20001 bits"),
        (a_set(a_jwk(), a_jwk()), "key 2: its kid is that of an earlier key"),
        (a_set(a_jwk(x="AAAA")), "key 1 is no valid EC key"),
        (a_set(a_jwk(x=None)), "key 1 is no valid EC key"),
        (a_set(a_jwk(crv="P-256")), "key 1 is no valid EC key"),
        (a_set({"kty": "RSA", "kid": "1", "n": ["x"], "e": "AQAB"}), "key 1 is no valid RSA key"),
        (a_set(), "no EC or RSA key"),
        (a_set("text"), "no list of keys"),
        (b'{"keys": {}}', "no list of keys"),
        (b"{}", "no list of keys"),
        (b"<html>", "not a JSON object"),
        (b'{"keys": [], "keys": []}', "has a member twice"),
        (b" " * (MAX_BYTES + 1), "larger than"),
    ],
)
def test_a_set_that_shows_something_wrong_is_refused_whole(document, words):
    """With a sentence that says which key and what about it, and without the key."""
    with pytest.raises(KeysUnusable, match=words) as refused:
        read_key_set(document)

    assert a_pair().as_dict(private=False)["x"] not in str(refused.value)
