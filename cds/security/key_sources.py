"""Reading the key set of a CDS Client: from the URL where it publishes it, or from a file."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import anyio
import httpx

from cds.security.key_set import MAX_BYTES, KeysUnusable

_HEADERS: Mapping[str, str] = MappingProxyType({"Accept": "application/json", "Accept-Encoding": "identity"})


class JwksUrl:
    """Reads a key set over HTTP: no redirects, a time limit over everything, a size limit."""

    def __init__(self, url: str, transport: httpx.AsyncBaseTransport | None = None, timeout_s: float = 3.0) -> None:
        self._url = url
        self._timeout_s = timeout_s
        self._http = httpx.AsyncClient(transport=transport, timeout=timeout_s, follow_redirects=False)

    async def read(self) -> bytes:
        """The document; raises `KeysUnusable`."""
        try:
            with anyio.fail_after(self._timeout_s):
                return await self._get()
        except TimeoutError as fault:
            raise KeysUnusable(f"its jwks_url did not answer within {self._timeout_s:g} s") from fault
        except (httpx.HTTPError, httpx.InvalidURL) as fault:
            raise KeysUnusable(f"its jwks_url could not be reached ({type(fault).__name__})") from fault

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _get(self) -> bytes:
        async with self._http.stream("GET", self._url, headers=_HEADERS) as response:
            if response.status_code != httpx.codes.OK:
                raise KeysUnusable(f"its jwks_url answered {response.status_code}")
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > MAX_BYTES:
                    raise KeysUnusable(f"its jwks_url sent more than {MAX_BYTES} bytes")
            return bytes(body)


class JwksFile:
    """Reads a key set from a file that somebody else may replace."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def read(self) -> bytes:
        """The document; raises `KeysUnusable`."""
        try:
            return await anyio.Path(self._path).read_bytes()
        except OSError as fault:
            raise KeysUnusable(f"its jwks_file cannot be read: {fault.strerror}") from fault
