"""The access token of a SMART backend service, for one EHR (SMART App Launch 2, "Backend Services").

Asked for with a signed assertion, kept in memory until shortly before it expires, never logged.
"""

import threading
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime

import httpx
from joserfc import jwt
from joserfc.jwk import RSAKey

from cds.ehr import EhrUnavailable
from cds.fhir_client.ehr_file import RegisteredEhr
from cds.fhir_client.ehr_replies import Json, trouble
from cds.fhir_client.ehr_session import exchange, parsed_object
from cds.fhir_client.origins import origin_of

_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ASSERTION_LIFETIME_S = 240
"""At most five minutes are accepted."""
_SPARE_S = 30.0
"""A token that ends this soon is not used any more."""
_USUAL_LIFETIME_S = 300.0
"""Where `expires_in` is missing: what the standard recommends."""


class BackendToken:
    """Thread-safe; one request at a time asks for a token, the others use it."""

    def __init__(
        self,
        ehr: RegisteredEhr,
        client: httpx.Client,
        wall_s: Callable[[], float] = time.time,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ehr = ehr
        self._client = client
        self._wall_s = wall_s
        self._monotonic_s = monotonic_s
        self._turn = threading.Lock()
        self._token = ""
        self._until_s = float("-inf")
        self._token_url = ehr.token_url

    def current(self, refused: str | None = None) -> str:
        """A token that is still good; `refused`: the EHR has just refused this one, so another.

        Raises `EhrUnavailable`.
        """
        with self._turn:
            if self._token == refused or self._monotonic_s() >= self._until_s:
                self._token, lifetime_s = self._asked()
                self._until_s = self._monotonic_s() + max(lifetime_s - _SPARE_S, 0.0)
            return self._token

    def _asked(self) -> tuple[str, float]:
        url = self._token_url = self._token_url or self._discovered()
        form = {
            "grant_type": "client_credentials",
            "scope": " ".join(self._ehr.scopes),
            "client_assertion_type": _ASSERTION_TYPE,
            "client_assertion": self._assertion(url),
        }
        answer = self._answer("the EHR's token endpoint", self._client.build_request("POST", url, data=form))
        token, kind, lifetime = answer.get("access_token"), answer.get("token_type"), answer.get("expires_in")
        if not isinstance(token, str) or not token.isascii() or not token.isprintable() or " " in token or not token:
            raise EhrUnavailable("the EHR's token endpoint sent no token")
        if not isinstance(kind, str) or kind.lower() != "bearer":
            raise EhrUnavailable("the EHR's token endpoint sent a token that is no bearer token")
        usable = isinstance(lifetime, int | float) and not isinstance(lifetime, bool) and lifetime > 0
        return token, float(lifetime) if usable else _USUAL_LIFETIME_S  # type: ignore[arg-type]

    def _discovered(self) -> str:
        """Of the EHR's own origin: another one has to be named in the EHR file."""
        well_known = f"{self._ehr.base_url}/.well-known/smart-configuration"
        url = self._answer("the EHR's smart-configuration", self._client.build_request("GET", well_known)).get(
            "token_endpoint"
        )
        if not isinstance(url, str) or origin_of(url) is None or origin_of(url) != origin_of(self._ehr.base_url):
            raise EhrUnavailable(
                "the EHR's smart-configuration names no token_endpoint of its own origin: set token_url in the EHR file"
            )
        return url

    def _answer(self, what: str, request: httpx.Request) -> Json:
        status, headers, body = exchange(self._client, request, what)
        if status != httpx.codes.OK:
            wait = getattr(trouble(status, headers, b"", datetime.now(UTC)), "wait", None)
            raise EhrUnavailable(f"{what} answered {status}: see client_id, key and scopes as registered there", wait)
        return parsed_object(body, what)

    def _assertion(self, audience: str) -> str:
        key, now = self._ehr.key, int(self._wall_s())
        algorithm = "RS384" if isinstance(key, RSAKey) else "ES384"
        header = {"alg": algorithm, "kid": key.kid, "typ": "JWT"}
        claims = {
            "iss": self._ehr.client_id,
            "sub": self._ehr.client_id,
            "aud": audience,
            "iat": now,
            "exp": now + _ASSERTION_LIFETIME_S,
            "jti": str(uuid.uuid4()),
        }
        return jwt.encode(header, claims, key, algorithms=[algorithm])
