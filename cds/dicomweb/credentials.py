"""How the archive knows us: a bearer token, OAuth client credentials, or a password.

Secrets are read from their files when they are needed, so a rotated secret is picked up without
a restart; they are kept out of messages and representations.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import requests
from requests import PreparedRequest
from requests.auth import AuthBase, HTTPBasicAuth

from cds.errors import ArchiveUnavailable, SettingsInvalid

_EARLY_S: Final = 30.0
"""A token is renewed this long before it expires."""
_ASSUMED_LIFETIME_S: Final = 300.0


def read_secret(path: Path, setting: str) -> str:
    """Read a secret without the line end; raises `SettingsInvalid` naming the setting."""
    try:
        secret = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsInvalid(f"{setting} names a file that cannot be read: {path}") from error
    if not secret:
        raise SettingsInvalid(f"{setting} names an empty file: {path}")
    return secret


class BearerFile(AuthBase):
    """A token that somebody else keeps fresh in a file; read again for every request."""

    def __init__(self, path: Path) -> None:
        """Read nothing yet."""
        self._path = path

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Add the token."""
        token = read_secret(self._path, "OSTEOCDS_ARCHIVE_BEARER_TOKEN_FILE")
        request.headers["Authorization"] = f"Bearer {token}"
        return request

    def renew(self, request: PreparedRequest) -> bool:
        """After a refusal: True if the file holds another token by now."""
        before = request.headers.get("Authorization")
        return self(request).headers["Authorization"] != before


class PasswordFile(AuthBase):
    """HTTP Basic with a password from a file."""

    def __init__(self, user: str, path: Path) -> None:
        """Read nothing yet."""
        self._user, self._path = user, path

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Add user and password."""
        password = read_secret(self._path, "OSTEOCDS_ARCHIVE_BASIC_PASSWORD_FILE")
        authorized: PreparedRequest = HTTPBasicAuth(self._user, password)(request)
        return authorized


@dataclass(frozen=True, slots=True)
class TokenService:
    """Where and as whom to ask for tokens."""

    url: str
    client_id: str
    secret_file: Path
    scope: str | None = None
    verify: str | bool = True
    """A CA file, or True for the system's."""


class ClientCredentials(AuthBase):
    """OAuth 2.0 client credentials (RFC 6749 4.4), the token kept until shortly before it expires."""

    def __init__(
        self, service: TokenService, timeout_s: float = 30.0, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """Ask for nothing yet."""
        self._service, self._timeout_s, self._monotonic = service, timeout_s, monotonic
        self._lock = threading.Lock()
        self._token, self._good_until = "", float("-inf")

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        """Add a token that is still good."""
        with self._lock:
            if self._monotonic() >= self._good_until:
                self._fetch()
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request

    def renew(self, request: PreparedRequest) -> bool:
        """After a refusal: forget the token that was refused and take a new one."""
        with self._lock:
            if request.headers.get("Authorization") == f"Bearer {self._token}":
                self._good_until = float("-inf")
        self(request)
        return True

    def _fetch(self) -> None:
        service = self._service
        secret = read_secret(service.secret_file, "OSTEOCDS_ARCHIVE_OAUTH_CLIENT_SECRET_FILE")
        asked_at = self._monotonic()
        try:
            response = requests.post(
                service.url,
                data={"grant_type": "client_credentials"} | ({"scope": service.scope} if service.scope else {}),
                auth=HTTPBasicAuth(service.client_id, secret),
                timeout=self._timeout_s,
                verify=service.verify,
                allow_redirects=False,
            )
            granted = response.json() if response.ok else {}
        except requests.RequestException as error:
            raise ArchiveUnavailable(
                f"no token for the archive: {type(error).__name__} at OSTEOCDS_ARCHIVE_OAUTH_TOKEN_URL"
            ) from None
        token = granted.get("access_token") if isinstance(granted, dict) else None
        if not isinstance(token, str) or not token:
            raise ArchiveUnavailable(
                f"no token for the archive ({response.status_code}): check OSTEOCDS_ARCHIVE_OAUTH_CLIENT_ID, "
                "its secret file and OSTEOCDS_ARCHIVE_OAUTH_SCOPE"
            )
        lifetime = granted.get("expires_in")
        lifetime_s = float(lifetime) if isinstance(lifetime, (int, float)) else _ASSUMED_LIFETIME_S
        self._token, self._good_until = token, asked_at + max(0.0, lifetime_s - _EARLY_S)
