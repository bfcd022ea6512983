"""Mirrors cds/storage/exports.py: who may work on an export."""

import pytest

from cds.export import ExportProgress, ExportRequest
from cds.storage.exports import LEASE, SqlExports


@pytest.fixture
def exports(engine, clock):
    """Of one replica."""
    return SqlExports(engine, clock)


@pytest.fixture
def begun(exports):
    """The id of an export that somebody works on, and the lease."""
    asked = ExportRequest(url="r", tenant="default", groups=None, types=("Observation",))
    export_id = exports.begin("bone-registry", asked, 2).export_id
    return export_id, exports.claim(export_id)


def test_nobody_else_gets_the_lease_while_it_is_good(exports, begun, clock):
    """A process that died holds it for half a minute more; then whoever asks takes over."""
    export_id, first = begun
    clock.move_on(seconds=LEASE.total_seconds() - 1)
    too_early = exports.claim(export_id)
    clock.move_on(seconds=1)
    second = exports.claim(export_id)

    assert LEASE.total_seconds() == 30
    assert first is not None
    assert too_early is None
    assert second not in (None, first)


def test_whoever_lost_the_lease_changes_nothing_any_more(exports, begun, clock):
    """As when it was only slow."""
    export_id, slow = begun
    clock.move_on(seconds=LEASE.total_seconds())
    exports.claim(export_id)

    assert not exports.advance(export_id, slow, [], ExportProgress())
    assert not exports.end(export_id, slow, "complete")
    assert exports.read(export_id).state == "running"


def test_progress_renews_the_lease(exports, begun, clock):
    """Whoever works is not overtaken, however long it takes."""
    export_id, lease = begun
    for _ in range(3):
        clock.move_on(seconds=LEASE.total_seconds() - 1)
        assert exports.advance(export_id, lease, [], ExportProgress())

    assert exports.claim(export_id) is None
