"""Where the keys of a CDS Client come from, and how they are kept fresh.

A key that is held is used at once; a set that has aged is read again beside the call. A `kid`
that is not held is worth one look, but not more often than the cadence allows: an attacker who
makes up key ids cannot make us hammer the client's server. While the source cannot be read, or
holds no usable set, the last good set is used for a bounded time.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

import structlog

from cds.security.key_set import KeysUnusable, PublicKey, read_key_set

_NEVER = float("-inf")


class ClientKeys(Protocol):
    """The public keys of one client."""

    async def key(self, key_id: str) -> PublicKey | None:
        """The key of this id, if the client has published it."""


class FixedKeys:
    """Keys that were written into the clients file."""

    def __init__(self, keys: Mapping[str, PublicKey]) -> None:
        self._keys = keys

    async def key(self, key_id: str) -> PublicKey | None:
        """One of them."""
        return self._keys.get(key_id)


@dataclass(frozen=True, slots=True)
class Cadence:
    """How often a source is read, in seconds."""

    refresh_after_s: float
    """Older sets are read again: how long a withdrawn key may live on."""
    retry_after_s: float
    """No two readings are closer than this."""
    keep_at_most_s: float = 24 * 3600.0
    """How long the last good set is used when nothing newer can be had."""


OF_URL = Cadence(refresh_after_s=600.0, retry_after_s=30.0)
OF_FILE = Cadence(refresh_after_s=5.0, retry_after_s=1.0)


class RefreshedKeys:
    """Keys read from a URL or a file, again and again."""

    def __init__(
        self,
        issuer: str,
        read: Callable[[], Awaitable[bytes]],
        cadence: Cadence,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._issuer = issuer
        self._read = read
        self._cadence = cadence
        self._monotonic = monotonic
        self._keys: Mapping[str, PublicKey] = MappingProxyType({})
        self._read_at = _NEVER
        self._tried_at = _NEVER
        self._reading: asyncio.Task[None] | None = None
        self._log = structlog.get_logger("osteocds.clients")

    async def key(self, key_id: str) -> PublicKey | None:
        """Held, or looked for where that is due."""
        held = self._held(key_id)
        if held is not None:
            if self._age_s() > self._cadence.refresh_after_s:
                self._start_reading()  # nobody waits for it
            return held
        reading = self._start_reading()
        if reading is None:
            return None
        await asyncio.shield(reading)  # others wait for the same reading: a caller who leaves does not end it
        return self._held(key_id)

    def close(self) -> None:
        """End a reading that nobody waits for."""
        if self._reading is not None:
            self._reading.cancel()

    def _held(self, key_id: str) -> PublicKey | None:
        return self._keys.get(key_id) if self._age_s() <= self._cadence.keep_at_most_s else None

    def _age_s(self) -> float:
        return self._monotonic() - self._read_at

    def _start_reading(self) -> asyncio.Task[None] | None:
        """The reading that is going on, or a new one, or None where it is too early for one."""
        if self._reading is not None and not self._reading.done():
            return self._reading
        now = self._monotonic()
        if now - self._tried_at < self._cadence.retry_after_s:
            return None
        self._tried_at = now
        self._reading = asyncio.create_task(self._refresh())
        return self._reading

    async def _refresh(self) -> None:
        try:
            keys = read_key_set(await self._read())
        except KeysUnusable as fault:
            self._log.warning("client keys cannot be read", client=self._issuer, why=str(fault))
            return
        if keys.keys() != self._keys.keys():
            self._log.info("client keys read", client=self._issuer, keys=len(keys))
        self._keys, self._read_at = keys, self._monotonic()
