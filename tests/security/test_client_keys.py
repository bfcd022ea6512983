"""Mirrors cds/security/client_keys.py: a real server and a real file, the clock of a test."""

import asyncio
from contextlib import asynccontextmanager

from structlog.testing import capture_logs

from cds.security.client_keys import OF_FILE, OF_URL, FixedKeys, RefreshedKeys
from cds.security.key_set import KeysUnusable, read_key_set
from cds.security.key_sources import JwksFile, JwksUrl
from tests.support.client_tokens import ISSUER, a_key_set, a_pair
from tests.support.jwks_server import jwks_server

OLD, NEW = a_pair("2026-1"), a_pair("2026-2")


class Stopwatch:
    """Stands still until moved on."""

    now_s = 1000.0

    def __call__(self) -> float:
        """Seconds."""
        return self.now_s


class Source:
    """A source in memory; `gate` holds its readers up."""

    def __init__(self, document: bytes) -> None:
        self.document = document
        self.fault: KeysUnusable | None = None
        self.read_times = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def read(self) -> bytes:
        """The document or the fault."""
        self.read_times += 1
        await self.gate.wait()
        if self.fault is not None:
            raise self.fault
        return self.document


def keys_of(source, cadence=OF_URL):
    """Keys of that source, and the stopwatch that they go by."""
    watch = Stopwatch()
    return RefreshedKeys(ISSUER, source.read, cadence, watch), watch


async def settled():
    """Let what runs beside the call finish."""
    for _ in range(5):
        await asyncio.sleep(0)


@asynccontextmanager
async def published(document):
    """A server on loopback and the keys that are read from it."""
    with jwks_server(document) as server:
        source = JwksUrl(server.url)
        keys, watch = keys_of(source)
        try:
            yield server, keys, watch
        finally:
            keys.close()
            await source.aclose()


async def test_fixed_keys_are_what_they_are():
    """One of them, or none."""
    keys = FixedKeys(read_key_set(a_key_set(OLD)))

    assert (await keys.key("2026-1")).kid == "2026-1"
    assert await keys.key("2026-2") is None


async def test_keys_are_read_once_and_held():
    """Nothing is read before it is needed, and a held key costs no reading."""
    async with published(a_key_set(OLD)) as (server, keys, _):
        before = list(server.asked)
        found = [await keys.key("2026-1") for _ in range(5)]

    assert before == []
    assert {key.kid for key in found} == {"2026-1"}
    assert server.asked == ["/jwks.json"]


async def test_keys_are_rotated_with_overlap():
    """A new kid is found when it first comes, both work while both are published, the old one ends when withdrawn."""
    async with published(a_key_set(OLD)) as (server, keys, watch):
        await keys.key("2026-1")
        server.document = a_key_set(OLD, NEW)
        watch.now_s += 31
        both = [await keys.key("2026-2"), await keys.key("2026-1")]
        server.document = a_key_set(NEW)
        watch.now_s += 601
        once_more = await keys.key("2026-1")  # the reading that finds it gone runs beside this call
        await keys._reading
        withdrawn = await keys.key("2026-1")

    assert [key.kid for key in both] == ["2026-2", "2026-1"]
    assert once_more is not None
    assert withdrawn is None


async def test_key_ids_that_are_made_up_cost_one_reading_in_a_while():
    """A thousand of them are one question to the client's server; the next is half a minute later."""
    source = Source(a_key_set(OLD))
    keys, watch = keys_of(source)

    for number in range(1000):
        assert await keys.key(f"made-up-{number}") is None
    first = source.read_times
    watch.now_s += 30
    await keys.key("made-up")

    assert (first, source.read_times) == (1, 2)


async def test_calls_that_come_together_wait_for_one_reading():
    """And one that gives up does not take the reading from the others."""
    source = Source(a_key_set(OLD))
    source.gate.clear()
    keys, _ = keys_of(source)
    calls = [asyncio.create_task(keys.key("2026-1")) for _ in range(10)]
    await settled()
    calls[0].cancel()
    source.gate.set()

    found = await asyncio.gather(*calls, return_exceptions=True)

    assert isinstance(found[0], asyncio.CancelledError)
    assert {key.kid for key in found[1:]} == {"2026-1"}
    assert source.read_times == 1


async def test_a_held_key_does_not_wait_for_a_slow_server():
    """The set is old and the server hangs: the call goes on with what is held."""
    source = Source(a_key_set(OLD))
    keys, watch = keys_of(source)
    await keys.key("2026-1")
    watch.now_s += 601
    source.gate.clear()

    found = await asyncio.wait_for(keys.key("2026-1"), 1.0)
    keys.close()
    await settled()

    assert found.kid == "2026-1"
    assert source.read_times == 2


async def test_the_last_good_set_is_used_for_a_day():
    """While the server is away or sends nonsense the keys work on; after a day they do not; it is logged."""
    source = Source(a_key_set(OLD))
    keys, watch = keys_of(source)
    await keys.key("2026-1")
    source.document = b"<html>maintenance</html>"

    with capture_logs() as logged:
        watch.now_s += 24 * 3600
        after_a_day = await keys.key("2026-1")
        await settled()
        watch.now_s += 31
        later = await keys.key("2026-1")
    source.document = a_key_set(OLD)
    watch.now_s += 31
    mended = await keys.key("2026-1")

    assert (after_a_day is not None, later, mended is not None) == (True, None, True)
    assert {each["event"] for each in logged} == {"client keys cannot be read"}
    assert "not a JSON object" in logged[0]["why"]


async def test_a_file_is_read_again_when_it_changed(tmp_path):
    """Within seconds, and a new kid at once; a file that is broken for a moment does no harm."""
    path = tmp_path / "jwks.json"
    path.write_bytes(a_key_set(OLD))
    keys, watch = keys_of(JwksFile(path), OF_FILE)
    await keys.key("2026-1")
    path.write_bytes(b"")
    watch.now_s += 2
    while_broken = [await keys.key("2026-2"), await keys.key("2026-1")]
    path.write_bytes(a_key_set(NEW))
    watch.now_s += 2
    found = await keys.key("2026-2")

    assert (while_broken[0], while_broken[1].kid) == (None, "2026-1")
    assert found.kid == "2026-2"
    assert await keys.key("2026-1") is None
