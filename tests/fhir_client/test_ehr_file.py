"""Mirrors cds/fhir_client/ehr_file.py: what an operator writes, and what is refused with file, entry and field."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc.jwk import ECKey, OctKey

from cds.errors import SettingsInvalid
from cds.fhir_client.ehr_file import read_ehrs
from tests.support.client_tokens import a_pair
from tests.support.hook_site import some_settings

ENTRY = {"name": "north", "base_url": "https://fhir.example.org/r4/", "client_id": "osteocds", "key_file": "key.pem"}


def a_file(folder, *entries, key=None):
    """The settings of a site with this EHR file."""
    key = key or a_pair("ehr-key").as_pem(private=True)
    (folder / "key.pem").write_bytes(key)
    lines = []
    for entry in entries or (ENTRY,):
        lines += ["[[ehr]]", *(f"{name} = {json.dumps(value)}" for name, value in entry.items() if value is not None)]
    (folder / "ehr.toml").write_text("\n".join(lines))
    return some_settings(ehr_file=folder / "ehr.toml")


def a_small_rsa_key() -> bytes:
    """1024 bits."""
    key = rsa.generate_private_key(65537, 1024)  # noqa: S505 - that it is refused is the claim
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def test_without_a_file_nothing_is_written():
    """Off unless somebody turns it on."""
    assert read_ehrs(some_settings()) == ()


def test_an_entry_of_four_lines_is_enough(tmp_path):
    """One Observation and one report, of the service's own tenant and identifier; the key gets a name."""
    settings = a_file(tmp_path)
    (ehr,) = read_ehrs(settings)

    assert ehr.base_url == "https://fhir.example.org/r4"
    assert (ehr.tenant, ehr.identifier_system) == (settings.tenant, settings.identifier_system)
    assert ehr.write == {"observation", "report"}
    assert not ehr.not_assessable
    assert ehr.key.kid == a_pair("ehr-key").thumbprint()


@pytest.mark.parametrize("key", [a_pair("rsa-key", 2048), a_pair("ehr-key")])
def test_keys_come_as_pem_and_as_jwk(tmp_path, key):
    """RSA and P-384; a kid in the JWK stands, one in the file goes before it."""
    as_jwk = json.dumps(key.as_dict(private=True)).encode()

    assert read_ehrs(a_file(tmp_path, key=key.as_pem(private=True)))[0].key.is_private
    assert read_ehrs(a_file(tmp_path, key=as_jwk))[0].key.kid == key.kid
    assert read_ehrs(a_file(tmp_path, ENTRY | {"key_id": "2026-1"}, key=as_jwk))[0].key.kid == "2026-1"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"base_url": "http://fhir.example.org"}, "base_url"),
        ({"base_url": "https://user:pw@fhir.example.org"}, "base_url"),
        ({"base_url": "https://fhir.example.org/?a=b"}, "base_url"),
        ({"token_url": "http://auth.example.org"}, "token_url"),
        ({"name": ""}, "name"),
        ({"client_id": None}, "client_id"),
        ({"key_file": "missing.pem"}, "key_file"),
        ({"write": ["report"]}, "write"),
        ({"write": ["observation", "condition"]}, "write"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["system/a.rs system/b.rs"]}, "scopes"),
        ({"tokenurl": "https://auth.example.org"}, "tokenurl"),
        ({"not_assessable": "yes"}, "not_assessable"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, changed, field):
    """File, entry and field; an unknown one too."""
    settings = a_file(tmp_path, ENTRY, ENTRY | {"name": "south"} | changed)

    with pytest.raises(SettingsInvalid, match=rf"ehr\.toml, ehr 2: .*{field}"):
        read_ehrs(settings)


@pytest.mark.filterwarnings("ignore:Key size should be")
@pytest.mark.parametrize(
    "key",
    [
        a_pair("ehr-key").as_pem(private=False),
        ECKey.generate_key("P-256").as_pem(private=True),
        a_small_rsa_key(),
        json.dumps(OctKey.generate_key(256).as_dict(private=True)).encode(),
        b"{",
        b"secret words",
    ],
    ids=["public half", "other curve", "small RSA", "shared secret", "no JSON", "no key"],
)
def test_a_key_that_cannot_sign_is_refused_and_never_quoted(tmp_path, key):
    """Public, another curve, too small, symmetric, or no key at all."""
    with pytest.raises(SettingsInvalid, match="key_file") as caught:
        read_ehrs(a_file(tmp_path, key=key))
    assert "secret words" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "a = 1", "[[ehr]]\n[other]", "not toml", "ehr = 3"])
def test_a_file_that_is_none_is_refused(tmp_path, text):
    """Named with its setting."""
    settings = a_file(tmp_path)
    (tmp_path / "ehr.toml").write_text(text)

    with pytest.raises(SettingsInvalid, match="OSTEOCDS_EHR_FILE"):
        read_ehrs(settings)


def test_two_ehrs_have_two_names(tmp_path):
    """Lists and audit rows tell them apart by it."""
    with pytest.raises(SettingsInvalid, match="ehr 2: name"):
        read_ehrs(a_file(tmp_path, ENTRY, ENTRY))
