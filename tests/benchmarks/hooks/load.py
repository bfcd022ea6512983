"""Load, and what it met.

open loop    a request leaves at each tick of a clock, whether or not earlier ones were answered. Latency counts from
             the tick, so an answer that holds up others, or a late generator, makes the figures worse, not better
closed loop  so many callers, each asking again as soon as it was answered: how many calls a second there can be
"""

import asyncio
import gc
import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.benchmarks.hooks.wire import Connection, Reply

CONNECTIONS = 8
"""Open before the first tick; more are opened when all are busy."""
CALLERS = 8
"""Of the closed loop."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the service listens."""

    host: str
    port: int


@dataclass(slots=True)
class Met:
    """Seconds for each call, and how late the generator sent it; `wrong` counts answers that are not the asked ones."""

    latencies_s: list[float] = field(default_factory=list)
    lateness_s: list[float] = field(default_factory=list)
    wrong: int = 0
    first_wrong: str = ""
    took_s: float = 0.0
    generator_cpu_s: float = 0.0
    connections: int = 0


class _Pool:
    """In turn, so that none is idle long enough to be closed by the service."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self._idle: deque[Connection] = deque()
        self.opened = 0

    async def fill(self, count: int) -> None:
        self._idle.extend([await self._open() for _ in range(count)])

    async def ask(self, request: bytes) -> Reply:
        connection = self._idle.popleft() if self._idle else await self._open()
        reply = await connection.ask(request)
        self._idle.append(connection)
        return reply

    async def _open(self) -> Connection:
        self.opened += 1
        return await Connection.open(self._place.host, self._place.port)

    def close(self) -> None:
        for each in self._idle:
            each.close()


async def open_loop(
    place: Place, requests: Sequence[bytes], rate_per_s: float, is_right: Callable[[Reply], bool]
) -> Met:
    """Every request at its tick; raises `ConnectionError`."""
    met, pool = Met(), _Pool(place)
    await pool.fill(CONNECTIONS)

    async def call(request: bytes, due: float) -> None:
        met.lateness_s.append(time.perf_counter() - due)
        reply = await pool.ask(request)
        met.latencies_s.append(time.perf_counter() - due)
        _check(reply, is_right, met)

    with _accounted(met, pool):
        begun = time.perf_counter()
        async with asyncio.TaskGroup() as calls:
            for number, request in enumerate(requests):
                due = begun + number / rate_per_s
                await asyncio.sleep(max(0.0, due - time.perf_counter()))
                calls.create_task(call(request, due))
    return met


async def closed_loop(place: Place, requests: Sequence[bytes], is_right: Callable[[Reply], bool]) -> Met:
    """All requests, `CALLERS` at a time."""
    met, pool, left = Met(), _Pool(place), iter(requests)
    await pool.fill(CALLERS)

    async def caller() -> None:
        for request in left:
            begun = time.perf_counter()
            reply = await pool.ask(request)
            met.latencies_s.append(time.perf_counter() - begun)
            _check(reply, is_right, met)

    with _accounted(met, pool):
        async with asyncio.TaskGroup() as callers:
            for _ in range(CALLERS):
                callers.create_task(caller())
    return met


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least `percent` of the values do not exceed (nearest rank)."""
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)]


def _check(reply: Reply, is_right: Callable[[Reply], bool], met: Met) -> None:
    if not is_right(reply):
        met.wrong += 1
        met.first_wrong = met.first_wrong or f"{reply.status} {reply.body[:200].decode(errors='replace')}"


@contextmanager
def _accounted(met: Met, pool: _Pool) -> Iterator[None]:
    """No garbage collection meanwhile: it would be late for its ticks."""
    gc.collect()
    gc.disable()
    begun, cpu = time.perf_counter(), time.process_time()
    try:
        yield
    finally:
        met.took_s, met.generator_cpu_s = time.perf_counter() - begun, time.process_time() - cpu
        met.connections = pool.opened
        gc.enable()
        pool.close()
