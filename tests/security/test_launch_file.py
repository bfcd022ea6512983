"""Mirrors cds/security/launch_file.py."""

import pytest

from cds.errors import SettingsInvalid
from cds.security.launch_file import is_secure, read_launching_ehrs

ENTRY = '[[ehr]]\nname = "north"\niss = "https://fhir.example.org/r4/"\nclient_id = "reading"\n'


def read(tmp_path, text):
    """A file with this text."""
    path = tmp_path / "launch.toml"
    path.write_text(text, encoding="utf-8")
    return read_launching_ehrs(path)


def test_entries_are_read(tmp_path):
    """Secrets from files beside it; a trailing slash does not matter."""
    (tmp_path / "secret").write_text("s3cret\n")
    (plain,) = read(tmp_path, ENTRY)
    (confidential,) = read(tmp_path, ENTRY + 'client_secret_file = "secret"\ntenant = "n"\n')

    assert (plain.iss, plain.client_secret, plain.tenant) == ("https://fhir.example.org/r4", None, None)
    assert (confidential.client_secret, confidential.tenant) == ("s3cret", "n")
    assert "s3cret" not in repr(confidential)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "must hold"),
        ("x = 1\n" + ENTRY, "must hold"),
        (ENTRY + "colour = 1\n", "ehr 1: colour"),
        (ENTRY.replace("https:", "http:"), "iss"),
        (ENTRY.replace("/r4/", "/r4?x=1"), "iss"),
        (ENTRY + ENTRY, "twice"),
        (ENTRY + 'client_secret_file = "nowhere"\n', "client_secret_file: cannot be read"),
        ("[[ehr]\n", "no TOML"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, text, said):
    """File, entry and field."""
    with pytest.raises(SettingsInvalid, match=said):
        read(tmp_path, text)


def test_a_file_that_is_not_there_is_named(tmp_path):
    """With its setting."""
    with pytest.raises(SettingsInvalid, match="OSTEOCDS_LAUNCH_FILE"):
        read_launching_ehrs(tmp_path / "nowhere.toml")


@pytest.mark.parametrize(
    ("url", "secure"),
    [
        ("https://ehr.example.org/r4", True),
        ("http://127.0.0.1:8000/r4", True),
        ("http://ehr.example.org/r4", False),
        ("https://user@ehr.example.org/", False),
        ("https://ehr.example.org/#x", False),
        ("https://ehr.example.org:port/", False),
        ("ftp://ehr.example.org/", False),
        ("", False),
    ],
)
def test_secure_addresses(url, secure):
    """https, or loopback; nothing that hides another host."""
    assert is_secure(url) == secure
