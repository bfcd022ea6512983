"""Which addresses may be contacted: https anywhere that is allowed, http on loopback alone."""

from collections.abc import Iterable

import httpx

from cds.loopback import is_loopback

Origin = tuple[str, str, int]
"""Scheme, host, port."""

_DEFAULT_PORTS = {"https": 443, "http": 80}


def origins_of(addresses: Iterable[str]) -> frozenset[Origin]:
    """The origins of the addresses; those that are never contacted are left out."""
    return frozenset(filter(None, map(origin_of, addresses)))


def origin_of(address: str) -> Origin | None:
    """Scheme, host and port, as the client that sends would read them; None for what is never contacted."""
    url = parsed(address)
    if url is None or not url.host or url.userinfo:
        return None
    if url.scheme != "https" and not (url.scheme == "http" and is_loopback(url.host)):
        return None
    return url.scheme, url.host, url.port or _DEFAULT_PORTS[url.scheme]


def parsed(address: str) -> httpx.URL | None:
    """The address as httpx reads it, if it can."""
    try:
        return httpx.URL(address)
    except (httpx.InvalidURL, ValueError):  # ValueError: a lone surrogate, which JSON may carry
        return None
