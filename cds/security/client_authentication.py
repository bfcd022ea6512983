"""Which CDS Client makes a call: by the JWT that it signed for this URL, once.

credentials -> token as it claims to be -> its client in the clients file -> key by `kid`
-> signature and claims -> never used before. Whatever fails is `ClientRefused` with a reason.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import anyio
from anyio import to_thread

from cds.client import Client
from cds.ports import ClientRefused, Clock, ReplayCache
from cds.security.client_keys import ClientKeys
from cds.security.client_token import ClaimedToken, Expected, prove, read_token
from cds.security.clients_file import RegisteredClient
from cds.security.key_set import PublicKey

_THREADS = 4


@dataclass(frozen=True, slots=True)
class KnownClient:
    """An entry of the clients file, and where its keys are."""

    entry: RegisteredClient
    keys: ClientKeys


@dataclass(frozen=True, slots=True)
class TokenRules:
    """What holds for the tokens of every client."""

    base_url: str
    """Where clients reach the service: base URL and path are the audience."""
    leeway_s: float
    max_lifetime_s: float


class JwtAuthentication:
    """The `ClientAuthentication` of a service that others can reach."""

    def __init__(self, clients: Sequence[KnownClient], used: ReplayCache, clock: Clock, rules: TokenRules) -> None:
        self._clients: Mapping[str, KnownClient] = {each.entry.client.issuer: each for each in clients}
        self._used = used
        self._clock = clock
        self._rules = rules
        self._threads = anyio.CapacityLimiter(_THREADS)

    async def client_of(self, credentials: Sequence[str], path: str) -> Client:
        """The client whose token this is; raises `ClientRefused`."""
        token = read_token(_bearer_token(credentials))
        known = self._clients.get(token.issuer)
        if known is None:
            raise ClientRefused("unknown-issuer")
        try:
            key = await _key_for(token, known)
            await to_thread.run_sync(self._admit, token, key, known.entry, path, limiter=self._threads)
        except ClientRefused as refused:
            raise ClientRefused(refused.reason, token.issuer) from refused
        return known.entry.client

    def _admit(self, token: ClaimedToken, key: PublicKey, entry: RegisteredClient, path: str) -> None:
        """In a thread: a millisecond of arithmetic, then the database."""
        rules = self._rules
        audiences = entry.audiences | {rules.base_url.rstrip("/") + path}
        expected = Expected(audiences, entry.tenant, self._clock.now(), rules.leeway_s, rules.max_lifetime_s)
        proven = prove(token, key, expected)
        if not self._used.first_use(entry.client.issuer, proven.token_id, proven.usable_until):
            raise ClientRefused("replayed")


async def _key_for(token: ClaimedToken, known: KnownClient) -> PublicKey:
    if token.algorithm not in known.entry.algorithms:
        raise ClientRefused("refused-algorithm")
    key = await known.keys.key(token.key_id)
    if key is None:
        raise ClientRefused("unknown-key")
    return key


class OpenDoor:
    """Lets everybody in, under one name; for a service that only this machine reaches."""

    client = Client("unauthenticated")

    async def client_of(self, credentials: Sequence[str], path: str) -> Client:
        """The one name."""
        del credentials, path
        return self.client


def _bearer_token(credentials: Sequence[str]) -> str:
    """The token of the one Authorization header (RFC 6750; the scheme's case does not matter)."""
    if not credentials:
        raise ClientRefused("no-credentials")
    if len(credentials) > 1:
        raise ClientRefused("two-credentials")
    scheme, _, token = credentials[0].partition(" ")
    if scheme.lower() != "bearer":
        raise ClientRefused("no-bearer-token")
    return token.strip(" ")
