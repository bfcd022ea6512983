"""Who calls: CDS Clients and registries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from cds.client import Client
from cds.errors import OsteocdsError
from cds.registry_client import RegistryClient


class ReplayCache(Protocol):
    """Remembers tokens until they expire, for all replicas."""

    def first_use(self, issuer: str, token_id: str, expires_at: datetime) -> bool:
        """True once for each token of an issuer, and remembered in the same transaction."""


class ClientRefused(OsteocdsError):
    """A call without proof of who makes it; the reason is for log and audit, never for the caller."""

    def __init__(self, reason: str, issuer: str | None = None) -> None:
        super().__init__(f"the client was refused: {reason}")
        self.reason = reason
        """A code such as "expired"; nothing that the caller wrote."""
        self.issuer = issuer
        """Of the configured client that it says it is; None where it names none of them."""


class ClientAuthentication(Protocol):
    """Finds out which CDS Client makes a call."""

    async def client_of(self, credentials: Sequence[str], path: str) -> Client:
        """From every Authorization header and the path that was called; raises `ClientRefused`."""


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """An access token, and what goes with it."""

    access_token: str = field(repr=False)
    expires_in_s: int
    scope: str
    client_id: str


class TokenRefused(OsteocdsError):
    """No access token; the reason is for log and audit, never for the caller."""

    def __init__(self, error: str, reason: str, client_id: str | None = None) -> None:
        super().__init__(f"no access token: {reason}")
        self.error = error
        """As RFC 6749 names it, such as "invalid_client"."""
        self.reason = reason
        self.client_id = client_id
        """Of the configured registry that it says it is."""


class RegistryAuthentication(Protocol):
    """Finds out which registry calls, and gives it tokens to call with."""

    async def token_for(self, form: Mapping[str, str]) -> IssuedToken:
        """For a signed assertion; raises `TokenRefused`."""

    def client_of(self, credentials: Sequence[str]) -> RegistryClient:
        """From every Authorization header; raises `ClientRefused`."""
