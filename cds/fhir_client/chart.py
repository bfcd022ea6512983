"""Reading from the FHIR server that a hook names, with the hook's own token.

Only from origins that the site configured, and the client may name, over https (http on loopback);
no redirects, no cookies, one time limit over everything, limits on the size of a response, of all
responses, and on pages. The token is used for these requests and kept nowhere. What goes wrong is
said without addresses: they name the patient.
"""

import http.cookiejar
import json
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import anyio
import httpx

from cds.fhir_client.origins import origin_of, origins_of, parsed
from cds.ports import ChartAccess, ChartUnreadable, FhirPages
from cds.trace import outgoing

_QUERY = re.compile(
    r"[A-Z][A-Za-z]{1,63}(/(?!\.{1,2}$)[A-Za-z0-9\-.]{1,64}|\?[A-Za-z0-9\-._~!$&'()*+,;=:@/%|]{1,2000})"
)
"""A FHIR read or search, relative to the server's base: nothing in it can leave that base."""
_ABSOLUTE = re.compile(r"https?://", re.IGNORECASE)
_BEARER = re.compile(r"[\x21-\x7e]{1,16384}")
_HEADERS = {
    "Accept": "application/fhir+json",
    "Accept-Encoding": "identity",  # what a few compressed bytes become cannot be limited in time
    "User-Agent": "osteocds",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartLimits:
    """What one hook may cost."""

    timeout_s: float = 5.0
    """Over all queries of one `fetch` and all their pages."""
    max_response_bytes: int = 2 * 1024 * 1024
    max_total_bytes: int = 8 * 1024 * 1024
    max_pages: int = 10
    """For each query."""


@dataclass(slots=True)
class _Budget:
    """Bytes that one `fetch` may still read."""

    left: int

    def take(self, size: int) -> None:
        self.left -= size
        if self.left < 0:
            raise ChartUnreadable("fhirServer sent more than is read for one call")


class HttpPatientChart:
    """Reads over HTTP; close it with `aclose` in the event loop that used it."""

    def __init__(
        self,
        origins: Sequence[str],
        transport: httpx.AsyncBaseTransport | None = None,
        limits: ChartLimits | None = None,
    ) -> None:
        self._origins = origins_of(origins)
        self._limits = limits or ChartLimits()
        self._client = httpx.AsyncClient(
            transport=transport, timeout=self._limits.timeout_s, follow_redirects=False, headers=_HEADERS
        )
        # a session cookie of one call must not travel with the next one, which is another user's
        self._client.cookies.jar.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
        logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs URLs, and these name the patient

    async def fetch(self, access: ChartAccess, queries: Mapping[str, str]) -> Mapping[str, FhirPages | ChartUnreadable]:
        """All queries at once, within one time limit; each key has its pages, or why there are none."""
        refused = self._refusal(access)
        if refused is not None:
            return dict.fromkeys(queries, refused)
        late = ChartUnreadable(f"fhirServer did not answer within {self._limits.timeout_s:g} s")
        found: dict[str, FhirPages | ChartUnreadable] = dict.fromkeys(queries, late)
        budget = _Budget(self._limits.max_total_bytes)

        async def one(key: str, query: str) -> None:
            try:
                found[key] = await self._pages(access, query, budget)
            except ChartUnreadable as fault:
                found[key] = fault
            except (httpx.HTTPError, httpx.InvalidURL) as fault:
                found[key] = ChartUnreadable(f"fhirServer could not be reached ({type(fault).__name__})")

        with anyio.move_on_after(self._limits.timeout_s):
            async with anyio.create_task_group() as tasks:
                for key, query in queries.items():
                    tasks.start_soon(one, key, query)
        return found

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    def _refusal(self, access: ChartAccess) -> ChartUnreadable | None:
        """Why nothing is sent to this server at all."""
        origin = origin_of(access.server)
        if origin is None or origin not in self._origins or set("?#") & set(access.server):
            return ChartUnreadable("The site does not allow reading from this fhirServer")
        if access.allowed_origins is not None and origin not in origins_of(access.allowed_origins):
            return ChartUnreadable("The site does not allow this client to name this fhirServer")
        if access.token is not None and not _BEARER.fullmatch(access.token):
            return ChartUnreadable("The access_token of the call is not a bearer token")
        return None

    async def _pages(self, access: ChartAccess, query: str, budget: _Budget) -> FhirPages:
        url: httpx.URL | None = _url_of(access.server, query)
        headers = outgoing() | ({} if access.token is None else {"Authorization": f"Bearer {access.token}"})
        pages: list[Mapping[str, object]] = []
        while url is not None:
            if len(pages) == self._limits.max_pages:
                raise ChartUnreadable(f"fhirServer has more than {self._limits.max_pages} pages")
            page = _resource(await self._get(url, headers, budget))
            if pages and page.get("resourceType") != "Bundle":
                raise ChartUnreadable("A further page of fhirServer is not a Bundle")
            pages.append(page)
            following = _next_page(page)
            url = None if following is None else _url_of(access.server, following)
        return tuple(pages)

    async def _get(self, url: httpx.URL, headers: Mapping[str, str], budget: _Budget) -> bytes:
        async with self._client.stream("GET", url, headers=headers) as response:
            if response.status_code != httpx.codes.OK:
                raise ChartUnreadable(f"fhirServer answered {response.status_code}")
            if response.headers.get("content-encoding", "identity") != "identity":
                raise ChartUnreadable("fhirServer compressed its answer though it was asked not to")
            body = bytearray()
            async for chunk in response.aiter_bytes():
                budget.take(len(chunk))
                body += chunk
                if len(body) > self._limits.max_response_bytes:
                    raise ChartUnreadable(f"fhirServer sent more than {self._limits.max_response_bytes} bytes at once")
            return bytes(body)


def _next_page(resource: Mapping[str, object]) -> str | None:
    """The address of the page after this one, as the Bundle gives it."""
    links = resource.get("link") if resource.get("resourceType") == "Bundle" else None
    for link in links if isinstance(links, list) else ():
        if isinstance(link, dict) and link.get("relation") == "next" and isinstance(link.get("url"), str):
            return str(link["url"])
    return None


def _url_of(server: str, query: str) -> httpx.URL:
    """Where a query goes; a further page must be of the same origin, so that the token goes nowhere else."""
    base = httpx.URL(f"{server.rstrip('/')}/")
    if _QUERY.fullmatch(query):
        return base.join(query)
    further = parsed(query) if _ABSOLUTE.match(query) else None
    if further is None or further.fragment or origin_of(query) != origin_of(server):
        raise ChartUnreadable("A further page is not on the same fhirServer")
    return further


def _resource(body: bytes) -> Mapping[str, object]:
    try:
        resource = json.loads(body)
    except (ValueError, RecursionError):
        raise ChartUnreadable("fhirServer sent no JSON") from None
    if not isinstance(resource, dict):
        raise ChartUnreadable("fhirServer sent no FHIR resource")
    return resource
