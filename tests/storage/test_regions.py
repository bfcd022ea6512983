"""Mirrors cds/storage/regions.py."""

from cds.storage.regions import SqlRegionStore


def test_what_is_kept_comes_back_the_oldest_first(engine, clock):
    """Bytes as they were, and since when they wait."""
    store = SqlRegionStore(engine, clock)
    first = clock.now()
    store.put("b", b"\x00\xff" * 1000)
    clock.move_on(seconds=5)
    store.put("a", b"2")

    assert store.waiting() == [("b", first), ("a", clock.now())]
    assert store.read("b") == b"\x00\xff" * 1000


def test_what_is_measured_again_replaces(engine, clock):
    """The regions that go with the result are the last ones."""
    store = SqlRegionStore(engine, clock)
    store.put("a", b"1")
    store.put("a", b"2")

    assert store.read("a") == b"2"
    assert len(store.waiting()) == 1


def test_what_is_forgotten_is_gone(engine, clock):
    """Also for a second worker that comes too late, and forgetting twice is no fault."""
    store = SqlRegionStore(engine, clock)
    store.put("a", b"1")
    store.forget("a")
    store.forget("a")

    assert store.read("a") is None
    assert store.waiting() == []
