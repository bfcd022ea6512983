"""What an EHR's authorization server says, over HTTP: no redirects, limits on time and size, https only."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import anyio
import httpx

from cds.launch import LaunchRefused
from cds.security.launch_file import is_secure

_LARGEST = 1024 * 1024
_WITHIN_S = 10.0
Json = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Of one EHR, from its `.well-known/smart-configuration`."""

    issuer: str
    authorization: str
    token: str
    jwks: str


class EhrDoor:
    """Reads from EHRs that the site has listed, and from nobody else."""

    def __init__(self, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._http = httpx.AsyncClient(transport=transport, timeout=_WITHIN_S, follow_redirects=False, trust_env=False)

    async def endpoints(self, iss: str) -> Endpoints:
        """Raises `LaunchRefused` where it cannot do PKCE with S256, or names an address that is not secure."""
        told = await self._answer("GET", f"{iss}/.well-known/smart-configuration")
        methods = told.get("code_challenge_methods_supported")
        if not isinstance(methods, list) or "S256" not in methods:
            raise LaunchRefused("ehr-without-pkce")
        found = [told.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")]
        issuer = told.get("issuer")
        if not isinstance(issuer, str) or not all(isinstance(each, str) and is_secure(each) for each in found):
            raise LaunchRefused("ehr-endpoints-unusable")
        return Endpoints(issuer, *(str(each) for each in found))

    async def token(self, endpoints: Endpoints, form: Mapping[str, str], basic: tuple[str, str] | None) -> Json:
        """The answer of the token endpoint; it is kept nowhere."""
        return await self._answer("POST", endpoints.token, data=dict(form), auth=basic)

    async def keys(self, endpoints: Endpoints) -> bytes:
        """The JWK Set."""
        return await self._body("GET", endpoints.jwks)

    async def patient(self, iss: str, patient_id: str, access_token: str) -> Json:
        """The patient of the launch context."""
        return await self._resource(iss, "Patient", patient_id, access_token)

    async def professional(self, iss: str, address: str, access_token: str) -> Json:
        """A Practitioner or PractitionerRole of the same FHIR server; no token goes to another one."""
        kind, _, resource_id = address.removeprefix(f"{iss}/").partition("/")
        if kind not in ("Practitioner", "PractitionerRole") or "/" in resource_id:
            raise LaunchRefused("reader-elsewhere")
        return await self._resource(iss, kind, resource_id, access_token)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _resource(self, iss: str, kind: str, resource_id: str, access_token: str) -> Json:
        found = await self._answer("GET", f"{iss}/{kind}/{resource_id}", bearer=access_token)
        if found.get("resourceType") != kind or found.get("id") != resource_id:
            raise LaunchRefused(f"{kind.lower()}-unreadable")
        return found

    async def _answer(self, method: str, url: str, *, bearer: str | None = None, **sent: object) -> Json:
        try:
            told = json.loads(await self._body(method, url, bearer=bearer, **sent))
        except ValueError as fault:
            raise LaunchRefused("ehr-answer-unreadable") from fault
        if not isinstance(told, dict):
            raise LaunchRefused("ehr-answer-unreadable")
        return told

    async def _body(self, method: str, url: str, *, bearer: str | None = None, **sent: object) -> bytes:
        headers = {"Accept": "application/json, application/fhir+json", "Accept-Encoding": "identity"}
        if bearer is not None:
            headers["Authorization"] = f"Bearer {bearer}"
        try:
            with anyio.fail_after(_WITHIN_S):
                async with self._http.stream(method, url, headers=headers, **sent) as response:  # type: ignore[arg-type]
                    if response.status_code != httpx.codes.OK:
                        raise LaunchRefused(f"ehr-answered-{response.status_code}")
                    body = bytearray()
                    async for chunk in response.aiter_bytes():
                        body += chunk
                        if len(body) > _LARGEST:
                            raise LaunchRefused("ehr-answer-too-large")
                    return bytes(body)
        except TimeoutError as fault:
            raise LaunchRefused("ehr-too-slow") from fault
        except (httpx.HTTPError, httpx.InvalidURL) as fault:
            raise LaunchRefused("ehr-unreachable") from fault
