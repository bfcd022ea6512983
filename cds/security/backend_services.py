"""SMART Backend Services: a registry signs who it is, and gets an access token for a few minutes.

form -> assertion as it claims to be -> its registry in the registries file -> key by `kid`
-> signature and claims -> never used before -> token for what is both asked and configured
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

import anyio
from anyio import to_thread

from cds.ports import ClientRefused, Clock, IssuedToken, ReplayCache, TokenRefused
from cds.registry_client import RegistryClient
from cds.security.access_tokens import AccessTokens
from cds.security.client_keys import ClientKeys
from cds.security.client_token import ClaimedToken, read_token, seconds, text_of, verify_signature
from cds.security.key_set import PublicKey
from cds.security.scopes import allowed_by, granted

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALGORITHMS: Final = ("RS384", "ES384")
LONGEST_ASSERTION_S: Final = 300
"""SMART App Launch 2.0, "Client Authentication: Asymmetric": at most five minutes."""
_THREADS = 2


@dataclass(frozen=True, slots=True)
class KnownRegistry:
    """A registry of the registries file; its `client` carries all that is configured."""

    client: RegistryClient
    keys: ClientKeys


@dataclass(frozen=True, slots=True)
class TokenTerms:
    """What holds for every registry."""

    token_url: str
    lifetime_s: int
    leeway_s: float


class BackendServices:
    """The `RegistryAuthentication`."""

    def __init__(
        self,
        registries: Sequence[KnownRegistry],
        tokens: AccessTokens,
        used: ReplayCache,
        clock: Clock,
        terms: TokenTerms,
    ) -> None:
        self._registries = {each.client.client_id: each for each in registries}
        self._tokens = tokens
        self._used = used
        self._clock = clock
        self._terms = terms
        self._threads = anyio.CapacityLimiter(_THREADS)

    async def token_for(self, form: Mapping[str, str]) -> IssuedToken:
        """A token; raises `TokenRefused` with the error code of RFC 6749."""
        if form.get("grant_type") != "client_credentials":
            raise TokenRefused("unsupported_grant_type", "unsupported-grant-type")
        if form.get("client_assertion_type") != ASSERTION_TYPE:
            raise TokenRefused("invalid_request", "unsupported-assertion-type")
        try:
            known = await self._proven(form.get("client_assertion", ""))
        except ClientRefused as refused:
            raise TokenRefused("invalid_client", refused.reason, refused.issuer) from refused
        client = known.client
        scopes = granted(form.get("scope", "").split(), client.allowed)
        if not scopes:
            raise TokenRefused("invalid_scope", "no-scope", client.client_id)
        expires_at = self._clock.now() + timedelta(seconds=self._terms.lifetime_s)
        token = self._tokens.make(client.client_id, scopes, expires_at)
        return IssuedToken(token, self._terms.lifetime_s, " ".join(scopes), client.client_id)

    def client_of(self, credentials: Sequence[str]) -> RegistryClient:
        """Who calls, with what the token allows; raises `ClientRefused`."""
        if len(credentials) != 1:
            raise ClientRefused("no-credentials" if not credentials else "two-credentials")
        scheme, _, token = credentials[0].partition(" ")
        if scheme.lower() != "bearer":
            raise ClientRefused("no-bearer-token")
        access = self._tokens.open(token.strip(" "), self._clock.now())
        known = self._registries.get(access.client_id)
        if known is None:
            raise ClientRefused("unknown-registry")
        return replace(known.client, allowed=known.client.allowed & allowed_by(access.scopes))

    async def _proven(self, assertion: str) -> KnownRegistry:
        token = read_token(assertion)
        known = self._registries.get(token.issuer)
        if known is None:
            raise ClientRefused("unknown-issuer")
        try:
            key = await _key_for(token, known)
            await to_thread.run_sync(self._admit, token, key, limiter=self._threads)
        except ClientRefused as refused:
            raise ClientRefused(refused.reason, token.issuer) from refused
        return known

    def _admit(self, token: ClaimedToken, key: PublicKey) -> None:
        """In a thread: arithmetic, then the database."""
        verify_signature(token, key)
        if text_of(token.claims, "sub") != token.issuer:
            raise ClientRefused("wrong-subject")
        audience = token.claims.get("aud")
        if self._terms.token_url not in (audience if isinstance(audience, list) else [audience]):
            raise ClientRefused("wrong-audience")
        expires_at = self._expiry(token)
        usable_until = datetime.fromtimestamp(expires_at + self._terms.leeway_s, UTC)
        if not self._used.first_use(f"registry {token.issuer}", text_of(token.claims, "jti"), usable_until):
            raise ClientRefused("replayed")

    def _expiry(self, token: ClaimedToken) -> float:
        now_s, leeway_s = self._clock.now().timestamp(), self._terms.leeway_s
        expires_at = seconds(token.claims, "exp")
        if expires_at <= now_s - leeway_s:
            raise ClientRefused("expired")
        if expires_at > now_s + LONGEST_ASSERTION_S + leeway_s:
            raise ClientRefused("unusable-lifetime")
        if any(seconds(token.claims, name) > now_s + leeway_s for name in ("iat", "nbf") if name in token.claims):
            raise ClientRefused("not-yet-valid")
        return expires_at


async def _key_for(token: ClaimedToken, known: KnownRegistry) -> PublicKey:
    if token.algorithm not in ALGORITHMS:
        raise ClientRefused("refused-algorithm")
    key = await known.keys.key(token.key_id)
    if key is None:
        raise ClientRefused("unknown-key")
    return key
