"""Reading a Patient from the FHIR server that a hook names.

Only from origins that the site configured, over https (http on loopback); no redirects, a time
limit over everything, a size limit. The token is used for the one request and kept nowhere.
"""

import ipaddress
import json
import logging
import re
from collections.abc import Mapping, Sequence

import anyio
import httpx

from cds.ports import ChartUnreadable

_TIMEOUT_S = 5.0
_MAX_BYTES = 1024 * 1024
_FHIR_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_DEFAULT_PORTS = {"https": 443, "http": 80}

Origin = tuple[str, str, int]


class HttpPatientChart:
    """Reads over HTTP; close it with `aclose` in the event loop that used it."""

    def __init__(
        self,
        origins: Sequence[str],
        transport: httpx.AsyncBaseTransport | None = None,
        timeout_s: float = _TIMEOUT_S,
    ) -> None:
        self._origins = frozenset(filter(None, map(_origin, origins)))
        self._timeout_s = timeout_s
        self._client = httpx.AsyncClient(transport=transport, timeout=timeout_s, follow_redirects=False)
        logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs URLs, and these name the patient

    async def read_patient(self, fhir_server: str, patient_id: str, token: str | None) -> Mapping[str, object]:
        """One FHIR Patient as parsed JSON; raises `ChartUnreadable`."""
        if _origin(fhir_server) not in self._origins:
            raise ChartUnreadable("The site does not allow reading from this fhirServer")
        if not _FHIR_ID.fullmatch(patient_id) or set(patient_id) == {"."}:
            raise ChartUnreadable("The patient's id is not a FHIR id")
        headers = {"Accept": "application/fhir+json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        try:
            with anyio.fail_after(self._timeout_s):
                return _parsed(await self._get(f"{fhir_server.rstrip('/')}/Patient/{patient_id}", headers))
        except TimeoutError as fault:
            raise ChartUnreadable(f"fhirServer did not answer within {self._timeout_s:g} s") from fault
        except (httpx.HTTPError, httpx.InvalidURL) as fault:
            raise ChartUnreadable(f"fhirServer could not be reached ({type(fault).__name__})") from None

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _get(self, url: str, headers: Mapping[str, str]) -> bytes:
        async with self._client.stream("GET", url, headers=headers) as response:
            if response.status_code != httpx.codes.OK:
                raise ChartUnreadable(f"fhirServer answered {response.status_code}")
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > _MAX_BYTES:
                    raise ChartUnreadable(f"fhirServer sent more than {_MAX_BYTES} bytes")
            return bytes(body)


def _parsed(body: bytes) -> Mapping[str, object]:
    try:
        resource = json.loads(body)
    except (ValueError, RecursionError):
        raise ChartUnreadable("fhirServer sent no JSON") from None
    if not isinstance(resource, dict):
        raise ChartUnreadable("fhirServer sent no FHIR resource")
    return resource


def _origin(address: str) -> Origin | None:
    """Scheme, host and port, as the client that sends would read them; None for what is never contacted."""
    try:
        url = httpx.URL(address)
    except httpx.InvalidURL:
        return None
    if not url.host or url.userinfo or set("?#") & set(address):
        return None
    if url.scheme != "https" and not (url.scheme == "http" and _is_loopback(url.host)):
        return None
    return url.scheme, url.host, url.port or _DEFAULT_PORTS[url.scheme]


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
