"""The HTTP session to a DICOMweb archive: limits, retries, and clear sentences for what fails.

No message and no log line carries a URL, because URLs of QIDO carry patient identifiers. That
is also why urllib3's own retries, which log the URL, stay off.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import requests
from requests import PreparedRequest, Response
from requests.auth import AuthBase

from cds.errors import ArchiveUnavailable
from cds.trace import outgoing

BROKEN: Final = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)
"""The connection failed; the same request may succeed."""

_RETRIED_STATUS: Final = frozenset({408, 429, 502, 503, 504})
_FIRST_PAUSE_S: Final = 0.25
_LONGEST_PAUSE_S: Final = 20.0
_CONNECT_TIMEOUT_S: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionPolicy:
    """How to reach the archive and how long to try."""

    timeout_s: float = 30.0
    """For connecting (at most 10 s), and for each silence of the server."""
    retries: int = 3
    ca_file: Path | None = None
    client_certificate: Path | None = None
    client_key: Path | None = None
    sleep: Callable[[float], None] = field(default=time.sleep)


class ArchiveSession(requests.Session):
    """Sends requests within the policy; everything but a final answer is `ArchiveUnavailable`.

    Redirects are not followed: a query that names a patient goes nowhere but to the archive.
    Proxies and .netrc are taken from the environment, as requests does by default.
    """

    def __init__(self, url: str, policy: ConnectionPolicy, auth: AuthBase | None = None) -> None:
        """`url` is the DICOMweb root; only its host appears in messages."""
        super().__init__()
        parts = urlsplit(url)
        self.archive_name = f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)
        self._policy = policy
        self.auth = auth
        if policy.client_certificate is not None:
            own = str(policy.client_certificate)
            self.cert = (own, str(policy.client_key)) if policy.client_key else own

    def send(self, request: PreparedRequest, **options: Any) -> Response:  # noqa: ANN401 - as requests declares it
        """Send, and send again after a pause while the failure may pass."""
        options["allow_redirects"] = False
        options["timeout"] = (min(_CONNECT_TIMEOUT_S, self._policy.timeout_s), self._policy.timeout_s)
        if self._policy.ca_file is not None:
            options["verify"] = str(self._policy.ca_file)  # an environment variable would win otherwise
        request.headers.update(outgoing())
        request.headers.pop("Host", None)  # dicomweb-client sets one without the port
        request.url = _escaped_no_more_than_needed(request.url or "")
        for attempt in range(self._policy.retries + 1):
            final = attempt == self._policy.retries
            response = self._try(request, options, final=final)
            if response is not None and response.status_code == 401 and self._renew(request):
                response = self._try(request, options, final=final)
            if response is not None and (final or response.status_code not in _RETRIED_STATUS):
                return self._checked(response)
            self.pause(attempt, response)
        raise ArchiveUnavailable(f"the archive {self.archive_name} did not answer")  # pragma: no cover

    def pause(self, attempt: int, response: Response | None = None) -> None:
        """Wait before the next attempt: what the server asks for, else longer each time."""
        asked_s = _retry_after_s(response) if response is not None else None
        if response is not None:
            response.close()
        self._policy.sleep(min(asked_s if asked_s is not None else _FIRST_PAUSE_S * 2**attempt, _LONGEST_PAUSE_S))

    def _try(self, request: PreparedRequest, options: dict[str, Any], *, final: bool) -> Response | None:
        """One attempt; None when it failed in a way that may pass."""
        try:
            return super().send(request, **options)
        except requests.exceptions.SSLError as error:
            raise ArchiveUnavailable(
                f"no trusted connection to the archive {self.archive_name}: check OSTEOCDS_ARCHIVE_CA_FILE "
                "and OSTEOCDS_ARCHIVE_CLIENT_CERTIFICATE"
            ) from _without_url(error)
        except BROKEN as error:
            if not final:
                return None
            what = "did not answer in time" if isinstance(error, requests.Timeout) else "cannot be reached"
            raise ArchiveUnavailable(f"the archive {self.archive_name} {what}") from _without_url(error)
        except OSError as error:  # requests raises it for a certificate file that is not there
            raise ArchiveUnavailable(f"the archive cannot be asked: {type(error).__name__}") from _without_url(error)

    def _renew(self, request: PreparedRequest) -> bool:
        """Ask the credentials for a fresh token after a refusal; False where there is none."""
        renew = getattr(self.auth, "renew", None)
        return bool(renew is not None and renew(request))

    def _checked(self, response: Response) -> Response:
        """The answer; one that is refused gives its connection back."""
        try:
            self._refuse(response)
        except ArchiveUnavailable:
            response.close()
            raise
        return response

    def _refuse(self, response: Response) -> None:
        status = response.status_code
        if status in (401, 403):
            raise ArchiveUnavailable(
                f"the archive {self.archive_name} refuses our credentials ({status}): check "
                "OSTEOCDS_ARCHIVE_BEARER_TOKEN_FILE, OSTEOCDS_ARCHIVE_BASIC_USER or OSTEOCDS_ARCHIVE_OAUTH_CLIENT_ID"
            )
        if response.is_redirect:
            raise ArchiveUnavailable(
                f"the archive {self.archive_name} redirects elsewhere ({status}): "
                "set OSTEOCDS_ARCHIVE_URL to the final address"
            )
        if status >= 500 or status in _RETRIED_STATUS:
            raise ArchiveUnavailable(f"the archive {self.archive_name} answers with an error ({status})")


def _escaped_no_more_than_needed(url: str) -> str:
    """Leave characters that a query may hold (RFC 3986 3.4) as they are.

    Identifiers such as 1234/56 are common, and some archives compare without decoding.
    """
    path, mark, query = url.partition("?")
    for escaped, plain in (("%2F", "/"), ("%3A", ":"), ("%40", "@")):
        query = query.replace(escaped, plain)
    return path + mark + query


def _retry_after_s(response: Response) -> float | None:
    """Retry-After in seconds (RFC 9110 10.2.3): a number, or a date."""
    asked = response.headers.get("Retry-After", "").strip()
    if asked.isdigit():
        return float(asked)
    try:
        return max(0.0, (parsedate_to_datetime(asked) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None


def _without_url(error: Exception) -> Exception:
    """Keep the kind of an error and drop its text, which may quote a URL with a patient identifier."""
    return ConnectionError(type(error).__name__)
