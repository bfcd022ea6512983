"""Requests to one configured EHR: its origin alone, limits on size and time, a token that is kept fresh.

No redirects, no cookies, no addresses in what goes wrong. A search goes by POST, so that no
identifier of a patient stands in a URL.
"""

import http.cookiejar
import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Protocol

import httpx

from cds.ehr import EhrUnavailable
from cds.fhir_client.ehr_replies import Json, Reply, trouble
from cds.trace import outgoing

MAX_RESPONSE_BYTES = 4 * 1024 * 1024
_TIMEOUT_S = 30.0
_GONE = frozenset({404, 410})
_OVERTAKEN = frozenset({412})
_HEADERS = {
    "Accept": "application/fhir+json, application/json",
    "Accept-Encoding": "identity",  # what a few compressed bytes become cannot be limited
    "User-Agent": "osteocds",
}


def ehr_client(transport: httpx.BaseTransport | None = None, timeout_s: float = _TIMEOUT_S) -> httpx.Client:
    """The HTTP client for EHRs; close it in the end."""
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it logs URLs, and these may name resources of a patient
    client = httpx.Client(transport=transport, timeout=timeout_s, follow_redirects=False, headers=_HEADERS)
    client.cookies.jar.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
    return client


def exchange(client: httpx.Client, request: httpx.Request, what: str) -> tuple[int, httpx.Headers, bytes]:
    """Status, headers and body; raises `EhrUnavailable` where there is no complete answer."""
    request.headers.update(outgoing())
    try:
        response = client.send(request, stream=True)
        try:
            if response.headers.get("content-encoding", "identity") != "identity":
                raise EhrUnavailable(f"{what} compressed its answer though it was asked not to")
            body = bytearray()
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > MAX_RESPONSE_BYTES:
                    raise EhrUnavailable(f"{what} sent more than {MAX_RESPONSE_BYTES} bytes", concerns_all=False)
            return response.status_code, response.headers, bytes(body)
        finally:
            response.close()
    except (httpx.HTTPError, httpx.InvalidURL) as fault:
        raise EhrUnavailable(f"{what} could not be reached ({type(fault).__name__})") from None


def parsed_object(body: bytes, what: str) -> Json:
    """A JSON object; an empty body is an empty one."""
    if not body.strip():
        return {}
    try:
        read = json.loads(body)
    except (ValueError, RecursionError):
        read = None
    if not isinstance(read, dict):
        raise EhrUnavailable(f"{what} sent no JSON object")
    return read


class Tokens(Protocol):
    """What a session takes tokens from: `cds.fhir_client.backend_token`."""

    def current(self, refused: str | None = None) -> str:
        """A token; another one than that which was refused."""


class EhrSession:
    """Sends with the token of the service; a 401 is worth one fresh token."""

    def __init__(self, base_url: str, client: httpx.Client, tokens: Tokens) -> None:
        self._base_url = base_url.rstrip("/")
        self._client = client
        self._tokens = tokens

    def search(self, resource_type: str, criteria: Mapping[str, str]) -> list[Json]:
        """Resources of that type that match; raises where there is more than a page of them."""
        found = self._send(self._client.build_request("POST", self._url(resource_type, "_search"), data=criteria)).body
        links, entries = found.get("link"), found.get("entry")
        if any(isinstance(each, dict) and each.get("relation") == "next" for each in links or ()):
            raise EhrUnavailable("the EHR found more than a page where one resource was looked for", concerns_all=False)
        listed = [each.get("resource") for each in entries or () if isinstance(each, dict)]
        return [each for each in listed if isinstance(each, dict) and each.get("resourceType") == resource_type]

    def read(self, resource_type: str, resource_id: str) -> Json | None:
        """The current version; None where it was deleted."""
        request = self._client.build_request("GET", self._url(resource_type, resource_id))
        reply = self._send(request, also=_GONE)
        return None if reply.status in _GONE else reply.body

    def transaction(self, bundle: Json) -> Json:
        """All entries or none."""
        return self._send(self._with_json("POST", self._base_url, bundle)).body

    def update(self, resource: Json, version: str | None) -> Reply:
        """Only if the EHR still has the version that was read; status 412 where it has not."""
        request = self._with_json("PUT", self._url(resource["resourceType"], resource["id"]), resource)
        if version:
            request.headers["If-Match"] = f'W/"{version}"'
        return self._send(request, also=_OVERTAKEN)

    def _url(self, *parts: str) -> str:
        return "/".join((self._base_url, *parts))

    def _with_json(self, method: str, url: str, body: Json) -> httpx.Request:
        sent = json.dumps(body, separators=(",", ":"))
        return self._client.build_request(method, url, content=sent, headers={"Content-Type": "application/fhir+json"})

    def _send(self, request: httpx.Request, also: frozenset[int] = frozenset()) -> Reply:
        """With a token; `also`: statuses that are no trouble here."""
        token = self._tokens.current()
        for last in (False, True):
            request.headers["Authorization"] = f"Bearer {token}"
            status, headers, body = exchange(self._client, request, "the EHR")
            if status != httpx.codes.UNAUTHORIZED or last:
                break
            token = self._tokens.current(refused=token)
        if status in also:
            return Reply(status, {}, headers)
        if not httpx.codes.is_success(status):
            raise trouble(status, headers, body, datetime.now(UTC))
        return Reply(status, parsed_object(body, "the EHR"), headers)
