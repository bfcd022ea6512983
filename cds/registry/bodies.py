"""Bodies of POSTs: forms and Parameters, read up to a size and within a time."""

from dataclasses import dataclass
from urllib.parse import parse_qsl

import anyio
from starlette.requests import ClientDisconnect, Request

from cds.registry.refusals import Refused

_HANG_UP = {"Connection": "close"}
MAX_QUERY_BYTES = 16 * 1024
_MAX_FIELDS = 100


@dataclass(frozen=True, slots=True)
class BodyReader:
    """Nothing that registries send is large."""

    timeout_s: float
    max_bytes: int = 64 * 1024

    async def form(self, request: Request) -> list[tuple[str, str]]:
        """Names and values; raises `Refused` 400, 408, 413 or 415."""
        if _type_of(request) != "application/x-www-form-urlencoded":
            raise Refused(415, "Send the body as application/x-www-form-urlencoded.")
        return pairs_of(await self._read(request))

    async def json(self, request: Request) -> bytes:
        """The bytes of a JSON body; raises `Refused`."""
        if not _type_of(request).endswith("json"):
            raise Refused(415, "Send the body as application/fhir+json.")
        return await self._read(request)

    async def _read(self, request: Request) -> bytes:
        body = bytearray()
        try:
            with anyio.fail_after(self.timeout_s):
                async for chunk in request.stream():
                    body += chunk
                    if len(body) > self.max_bytes:
                        raise Refused(413, f"The body is larger than {self.max_bytes} bytes.", _HANG_UP)
        except TimeoutError:
            raise Refused(408, f"The body did not arrive within {self.timeout_s:g} s.", _HANG_UP) from None
        except ClientDisconnect:
            raise Refused(400, "The connection ended before the body did.") from None
        return bytes(body)


def query_of(request: Request) -> list[tuple[str, str]]:
    """Names and values of the address; raises `Refused` 400 or 414."""
    written: bytes = request.scope["query_string"]
    if len(written) > MAX_QUERY_BYTES:
        raise Refused(414, f"The query is longer than {MAX_QUERY_BYTES} bytes; POST it to _search.")
    return pairs_of(written)


def pairs_of(written: bytes) -> list[tuple[str, str]]:
    """Names and values of a form; raises `Refused` 400."""
    try:
        return parse_qsl(written.decode("utf-8"), keep_blank_values=True, max_num_fields=_MAX_FIELDS, errors="strict")
    except ValueError:
        raise Refused(400, "The parameters are no form in UTF-8, or too many.") from None


def _type_of(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()
