"""Mirrors cds/doctor/keys.py."""

import json
import os

import pytest

from cds.doctor.keys import (
    check_clients,
    check_link_secret,
    check_metrics_token,
    check_registries,
    read_jwks_url,
)
from cds.security.key_set import KeysUnusable
from tests.support.client_tokens import a_key_set, a_pair
from tests.support.hook_site import some_settings
from tests.support.jwks_server import jwks_server

URL = "https://ehr.example.org/jwks.json"


@pytest.fixture
def clients(tmp_path):
    """One client with a file of keys, one with a URL."""
    (tmp_path / "keys.json").write_bytes(a_key_set())
    file = tmp_path / "clients.toml"
    file.write_text(
        '[[client]]\nissuer = "https://one.example.org"\njwks_file = "keys.json"\n'
        f'[[client]]\nissuer = "https://two.example.org"\njwks_url = "{URL}"\n'
    )
    return some_settings(client_auth="required", clients_file=file)


def away(_url):
    """A URL that does not answer."""
    raise KeysUnusable("its jwks_url answered 503")


def test_clients_whose_keys_can_all_be_read_are_well(clients):
    """By file and by URL."""
    found = check_clients(clients, lambda url: a_key_set() if url == URL else b"")

    assert (found.state, found.found) == ("ok", "2 named, keys readable")


def test_a_key_url_that_is_away_or_holds_no_keys_names_the_client(clients):
    """And the file where it stands."""
    for read in (away, lambda _: b"{}"):
        found = check_clients(clients, read)
        assert found.state == "failed"
        assert "https://two.example.org" in found.found
        assert "OSTEOCDS_CLIENTS_FILE" in found.advice


def test_a_key_file_with_a_private_key_fails_and_is_not_quoted(clients):
    """It would give the client away."""
    private = a_pair("kept").as_dict(private=True)
    (clients.clients_file.parent / "keys.json").write_text(json.dumps({"keys": [private]}))
    found = check_clients(clients, away)

    assert found.state == "failed"
    assert private["d"] not in found.found + found.advice


@pytest.mark.parametrize(
    ("settings", "state"),
    [
        ({"client_auth": "off"}, "warning"),
        ({"client_auth": "off", "host": "0.0.0.0"}, "failed"),  # noqa: S104 - the point
        ({"client_auth": "required"}, "failed"),
    ],
)
def test_an_open_door_or_no_list_names_the_settings(settings, state):
    """As `serve` sees it."""
    found = check_clients(some_settings(**settings))

    assert found.state == state
    assert "OSTEOCDS_CLIENTS_FILE" in found.advice


def test_keys_by_url_are_read_as_the_service_reads_them():
    """Over a real connection."""
    with jwks_server(a_key_set()) as published:
        assert read_jwks_url(published.url) == a_key_set()
        published.status = 404
        with pytest.raises(KeysUnusable, match="404"):
            read_jwks_url(published.url)


def test_registries_are_none_well_or_wrong(tmp_path):
    """None is well: nothing is served to registries then."""
    file = tmp_path / "registries.toml"
    settings = some_settings(registries_file=file)
    assert check_registries(some_settings()).state == "ok"
    assert "OSTEOCDS_REGISTRIES_FILE" in check_registries(settings).advice
    file.write_text(
        f'[[registry]]\nclient_id = "bones"\njwks_url = "{URL}"\nscopes = ["system/Observation.rs"]\npatients = "all"\n'
    )
    assert check_registries(settings, lambda _: a_key_set()).state == "ok"
    assert "bones" in check_registries(settings, away).found


def test_the_link_secret_is_not_made_here(tmp_path):
    """The first start makes it."""
    settings = some_settings(data_dir=tmp_path)

    assert check_link_secret(settings).state == "ok"
    assert list(tmp_path.iterdir()) == []


def test_a_link_secret_is_missing_short_open_or_well(tmp_path):
    """It is never quoted."""
    file = tmp_path / "secret"
    settings = some_settings(link_secret_file=file)
    assert check_link_secret(settings).state == "failed"
    file.write_text("too-short-a-secret")
    short = check_link_secret(settings)
    assert short.state == "failed"
    assert "OSTEOCDS_LINK_SECRET_FILE" in short.advice
    assert "too-short-a-secret" not in short.found + short.advice
    file.write_text("s" * 40)
    file.chmod(0o644)
    assert check_link_secret(settings).state == "warning"
    file.chmod(0o600)
    assert check_link_secret(settings).state == "ok"


def test_a_link_secret_of_another_user_is_not_ours_to_close(tmp_path, monkeypatch):
    """In a container it is mounted as its owner made it; with `chmod 600` the service could not read it any more."""
    file = tmp_path / "secret"
    file.write_text("s" * 40)
    file.chmod(0o444)
    monkeypatch.setattr(os, "geteuid", lambda: file.stat().st_uid + 1)

    assert check_link_secret(some_settings(link_secret_file=file)).state == "ok"


def test_the_token_of_metrics_is_none_missing_or_well(tmp_path):
    """As `serve` reads it."""
    file = tmp_path / "token"
    settings = some_settings(metrics_token_file=file)
    assert check_metrics_token(some_settings()).state == "ok"
    assert "OSTEOCDS_METRICS_TOKEN_FILE" in check_metrics_token(settings).advice
    file.write_text("t" * 32)
    assert check_metrics_token(settings).state == "ok"
