"""Mirrors tests/benchmarks/hooks/load.py and wire.py, against a server that stalls."""

import asyncio
import time
from contextlib import asynccontextmanager

import pytest

from tests.benchmarks.hooks.load import Place, closed_loop, open_loop, percentile
from tests.benchmarks.hooks.wire import Connection, Reply

STALL_S = 0.3
REQUEST = b"GET /empty HTTP/1.1\r\nHost: here\r\n\r\n"


def is_right(reply):
    """What the server below says."""
    return reply == Reply(200, b"{}")


@asynccontextmanager
async def a_server(*, stalls_at=None, status=200):
    """Answers each request in two pieces; from `stalls_at` on it does nothing for a while, once."""
    seen = 0

    async def serve(reader, writer):
        nonlocal seen
        while await reader.readuntil(b"\r\n\r\n"):
            seen += 1
            if seen == stalls_at:
                time.sleep(STALL_S)  # noqa: ASYNC251 - the whole server stands still
            writer.write(f"HTTP/1.1 {status} Something\r\nContent-Length: 2\r\n\r\n{{".encode())
            await asyncio.sleep(0)
            writer.write(b"}")

    async def until_the_end(reader, writer):
        try:
            await serve(reader, writer)
        except (asyncio.IncompleteReadError, asyncio.CancelledError):
            writer.close()

    server = await asyncio.start_server(until_the_end, "127.0.0.1", 0)
    async with server:
        yield Place(*server.sockets[0].getsockname())


async def test_a_stall_is_felt_by_every_call_that_was_due_meanwhile():
    """No coordinated omission: calls that had to wait for others count from when they should have been sent."""
    async with a_server(stalls_at=20) as place:
        met = await open_loop(place, [REQUEST] * 60, 100.0, is_right)

    held_up = [each for each in met.latencies_s if each > STALL_S / 3]
    assert len(met.latencies_s) == 60
    assert len(held_up) >= 15
    assert met.wrong == 0


async def test_wrong_answers_are_counted_and_the_first_is_told():
    """A service that refuses everything quickly has no good figures."""
    async with a_server(status=503) as place:
        met = await closed_loop(place, [REQUEST] * 30, is_right)

    assert met.wrong == len(met.latencies_s) == 30
    assert met.first_wrong == "503 {}"


async def test_a_connection_that_was_closed_is_an_error_and_no_answer():
    """Whoever asks is told."""
    async with a_server() as place:
        connection = await Connection.open(place.host, place.port)
        connection.close()

        with pytest.raises(ConnectionResetError):
            await connection.ask(REQUEST)


@pytest.mark.parametrize(("percent", "value"), [(50, 50), (99, 99), (100, 100), (0.1, 1)])
def test_percentiles_are_of_the_nearest_rank(percent, value):
    """Values that were measured, never values in between."""
    assert percentile(range(1, 101), percent) == value
