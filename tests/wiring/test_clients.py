"""Mirrors cds/wiring/clients.py: from settings to a client, on a real database."""

import pytest

from cds.ports import ClientRefused
from cds.security.client_authentication import OpenDoor
from cds.storage.engine import open_engine
from cds.storage.migrate import migrate
from cds.wiring.clients import client_authentication
from tests.support.client_tokens import BASE_URL, ORDER_SIGN, a_key_set, a_pair, a_token
from tests.support.clock import SettableClock
from tests.support.hook_site import some_settings
from tests.support.jwks_server import jwks_server


@pytest.fixture
def engine(tmp_path):
    """A migrated database."""
    url = f"sqlite:///{tmp_path / 'test.db'}"
    migrate(url)
    engine = open_engine(url)
    yield engine
    engine.dispose()


async def test_off_is_an_open_door(engine):
    """Everybody has one name."""
    authentication, close = client_authentication(some_settings(), engine, SettableClock())

    assert isinstance(authentication, OpenDoor)
    assert (await authentication.client_of([], ORDER_SIGN)).issuer == "unauthenticated"
    await close()


async def test_keys_by_url_by_file_and_inline(engine, tmp_path):
    """Three clients, each with its own kind of keys; none is taken for another, and each token once."""
    by_url, by_file, inline = a_pair("by-url"), a_pair("by-file"), a_pair("inline", 2048)
    (tmp_path / "jwks.json").write_bytes(a_key_set(by_file))
    clients_file = tmp_path / "clients.toml"
    with jwks_server(a_key_set(by_url)) as server:
        clients_file.write_text(
            f"""
            client = [
              {{issuer = "https://a.example.org", jwks_url = "{server.url}"}},
              {{issuer = "https://b.example.org", jwks_file = "jwks.json"}},
              {{issuer = "https://c.example.org", jwks = '''{a_key_set(inline).decode()}''', tenant = "c"}},
            ]
            """
        )
        settings = some_settings(client_auth="required", clients_file=clients_file, public_url=BASE_URL)
        authentication, close = client_authentication(settings, engine, SettableClock())
        tokens = {
            "https://a.example.org": a_token(by_url, iss="https://a.example.org"),
            "https://b.example.org": a_token(by_file, iss="https://b.example.org"),
            "https://c.example.org": a_token(inline, iss="https://c.example.org", tenant="c"),
        }
        clients = {
            issuer: await authentication.client_of([f"Bearer {token}"], ORDER_SIGN) for issuer, token in tokens.items()
        }
        for refused in (*tokens.values(), a_token(by_url, iss="https://b.example.org")):
            with pytest.raises(ClientRefused, match=r"replayed|unknown-key") as refusal:
                await authentication.client_of([f"Bearer {refused}"], ORDER_SIGN)
            assert refusal.value.issuer in tokens
        await close()

    assert {issuer: client.issuer for issuer, client in clients.items()} == {issuer: issuer for issuer in tokens}
    assert clients["https://c.example.org"].tenant == "c"
