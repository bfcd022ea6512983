"""Mirrors cds/storage/sweeps.py."""

from datetime import date, timedelta

from cds.storage.sweeps import SqlSweepLog
from cds.sweep import SweepRequest

REQUEST = SweepRequest("default", date(2026, 1, 1), date(2026, 1, 2))


def test_an_unfinished_sweep_is_found_again_and_a_finished_one_begins_anew(engine, clock):
    """By another process too: everything is in the database."""
    log = SqlSweepLog(engine)
    begun = log.begin(REQUEST, clock.now())
    log.keep(begun.after_unit(["queued", "known"]))
    clock.move_on(hours=1)
    resumed = SqlSweepLog(engine).begin(REQUEST, clock.now())
    log.keep(resumed.after_unit(["known"]))
    anew = log.begin(REQUEST, clock.now())

    assert (resumed.done, resumed.counts) == (1, {"queued": 1, "known": 1})
    assert resumed.started_at == clock.now() - timedelta(hours=1)
    assert (anew.done, anew.counts, anew.started_at) == (0, {}, clock.now())
