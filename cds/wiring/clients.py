"""Who may call, from the settings."""

from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

from sqlalchemy import Engine

from cds.ports import ClientAuthentication, Clock
from cds.security.client_authentication import JwtAuthentication, KnownClient, OpenDoor, TokenRules
from cds.security.client_keys import OF_FILE, OF_URL, ClientKeys, FixedKeys, RefreshedKeys
from cds.security.clients_file import RegisteredClient, read_clients
from cds.security.key_sources import JwksFile, JwksUrl
from cds.settings import Settings
from cds.storage.used_tokens import SqlUsedTokens

Closing = Callable[[], Awaitable[None]]


def client_authentication(settings: Settings, engine: Engine, clock: Clock) -> tuple[ClientAuthentication, Closing]:
    """As the settings ask for it, and what closes it; raises `SettingsInvalid`."""
    closing = AsyncExitStack()
    if settings.client_auth == "off":
        return OpenDoor(), closing.aclose
    known = [KnownClient(entry, _keys_of(entry, closing)) for entry in read_clients(settings)]
    rules = TokenRules(settings.base_url, settings.client_clock_leeway_s, settings.client_token_max_lifetime_s)
    # Each call leaves its row; discovery leaves none, but tells nothing that is not public.
    used = SqlUsedTokens(engine, clock, lazily=True)
    return JwtAuthentication(known, used, clock, rules), closing.aclose


def _keys_of(entry: RegisteredClient, closing: AsyncExitStack) -> ClientKeys:
    if entry.keys is not None:
        return FixedKeys(entry.keys)
    if entry.jwks_file is not None:
        keys = RefreshedKeys(entry.client.issuer, JwksFile(entry.jwks_file).read, OF_FILE)
    else:
        url = JwksUrl(entry.jwks_url or "")
        closing.push_async_callback(url.aclose)
        keys = RefreshedKeys(entry.client.issuer, url.read, OF_URL)
    closing.callback(keys.close)
    return keys
