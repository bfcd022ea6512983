"""Mirrors cds/security/clients_file.py."""

import json

import pytest

from cds.client import Client
from cds.errors import SettingsInvalid
from cds.security.clients_file import read_clients
from tests.support.client_tokens import ISSUER, a_key_set, a_pair
from tests.support.hook_site import some_settings

URL = 'jwks_url = "https://ehr.example.org/jwks.json"\n'
FULL = f"""
[[client]]
issuer = "{ISSUER}"
{URL}
tenant = "north"
algorithms = ["ES256"]
fhir_origins = ["https://fhir.example.org"]
audiences = ["https://cds.example.org/cds-services"]

[[client]]
issuer = "https://other.example.org"
jwks_file = "other.json"
"""


def a_file(tmp_path, text):
    """A clients file, and a key set beside it."""
    (tmp_path / "other.json").write_bytes(a_key_set(a_pair("other")))
    path = tmp_path / "clients.toml"
    path.write_text(text)
    return path


def read(tmp_path, text, **settings):
    """What a site with this file knows."""
    origins = ("https://fhir.example.org", "https://fhir2.example.org")
    usual = {"clients_file": a_file(tmp_path, text), "client_auth": "required", "fhir_origins": origins}
    return read_clients(some_settings(**(usual | settings)))


def one(*lines, issuer=f'issuer = "{ISSUER}"'):
    """A file with one client."""
    return "\n".join(["[[client]]", issuer, *lines])


def test_every_field_is_read(tmp_path):
    """And what is left out has the default that the file's description names."""
    first, second = read(tmp_path, FULL, tenant="site")

    assert first.client == Client(ISSUER, "north", ("https://fhir.example.org",))
    assert (first.tenant, first.algorithms) == ("north", {"ES256"})
    assert first.audiences == {"https://cds.example.org/cds-services"}
    assert (first.jwks_url, first.jwks_file, first.keys) == ("https://ehr.example.org/jwks.json", None, None)
    assert second.client == Client("https://other.example.org")
    assert (second.tenant, second.algorithms, second.audiences) == ("site", {"ES384", "RS384"}, frozenset())
    assert second.jwks_file == tmp_path / "other.json"


def test_keys_may_be_written_into_the_file(tmp_path):
    """Pasted as they are published."""
    (client,) = read(tmp_path, one(f"jwks = '''{a_key_set().decode()}'''"))

    assert set(client.keys) == {"key-1"}


@pytest.mark.parametrize("address", ["http://127.0.0.1:8000/jwks", "http://localhost/jwks", "http://[::1]:8000/jwks"])
def test_plain_http_is_for_this_machine(tmp_path, address):
    """For development."""
    (client,) = read(tmp_path, one(f'jwks_url = "{address}"'))

    assert client.jwks_url == address


PRIVATE = json.dumps({"keys": [a_pair().as_dict(private=True)]})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (one(), "client 1: .*set exactly one of jwks_url, jwks_file and jwks"),
        (one(URL, 'jwks_file = "other.json"'), "client 1: .*set exactly one of"),
        (one('jwks_url = "http://ehr.example.org/jwks"'), "client 1: jwks_url: .*https"),
        (one('jwks_url = "ftp://ehr.example.org/jwks"'), "client 1: jwks_url: .*https"),
        (one('jwks_url = "https:///jwks"'), "client 1: jwks_url: .*https"),
        (one('jwks_url = "https://["'), "client 1: jwks_url"),
        (one('jwks_file = "absent.json"'), "client 1: jwks_file: cannot be read: No such file"),
        (one('jwks_file = "clients.toml"'), "client 1: jwks_file: the key set is not a JSON object"),
        (one(f"jwks = '''{PRIVATE}'''"), "client 1: jwks: key 1 is a private key"),
        (one('jwks = \'{"keys": [{"kty": "oct", "k": "AAAA", "kid": "1"}]}\''), "client 1: jwks: key 1 is symmetric"),
        (one(URL, 'algorithms = ["HS256"]'), "client 1: algorithms.0: .*ES384"),
        (one(URL, 'algorithms = ["none"]'), "client 1: algorithms.0"),
        (one(URL, "algorithms = []"), "client 1: algorithms: .*at least one"),
        (one(URL, 'tennant = "north"'), "client 1: tennant: Extra inputs are not permitted"),
        (one(URL, f'tenant = "{"x" * 65}"'), "client 1: tenant"),
        (one(URL, "tenant = 7"), "client 1: tenant"),
        (one(URL, 'fhir_origins = ["https://evil.example.org"]'), "client 1: fhir_origins: .*OSTEOCDS_FHIR_ORIGINS"),
        (one(URL, issuer=""), "client 1: issuer: Field required"),
        (one(URL, issuer='issuer = " "'), "client 1: issuer"),
        (one(URL, issuer=f'issuer = "{"x" * 151}"'), "client 1: issuer"),
        (one(URL) + "\n" + one(URL), "client 2: issuer: is that of an earlier client"),
        ("[[client]]\n[[clients]]\n", "'clients' outside of any"),
        ("client = 7", "has no \\[\\[client\\]\\]"),
        ("client = [7]", "client 1: "),
        ("", "has no \\[\\[client\\]\\]"),
        ("[[client", "is no TOML"),
    ],
)
def test_a_wrong_file_is_refused_at_start(tmp_path, text, words):
    """The sentence names file, entry and field, and quotes no key."""
    with pytest.raises(SettingsInvalid, match=words) as refused:
        read(tmp_path, text)

    assert f"OSTEOCDS_CLIENTS_FILE: {tmp_path / 'clients.toml'}" in str(refused.value)
    assert a_pair().as_dict(private=True)["d"] not in str(refused.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    """With the reason of the operating system."""
    with pytest.raises(SettingsInvalid, match=r"absent\.toml cannot be read: No such file"):
        read_clients(some_settings(clients_file=tmp_path / "absent.toml"))


def test_authentication_without_clients_names_both_settings():
    """What is missing, and the way out."""
    with pytest.raises(SettingsInvalid, match=r"OSTEOCDS_CLIENTS_FILE.*OSTEOCDS_CLIENT_AUTH=off"):
        read_clients(some_settings(client_auth="required"))
