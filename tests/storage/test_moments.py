"""Mirrors cds/storage/moments.py."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy.exc import StatementError

from cds.storage.health import SqlHeartbeats
from tests.support.clock import SettableClock


def test_a_moment_comes_back_as_the_same_moment_in_utc(engine):
    """Whatever zone the caller was in, whatever the database keeps."""
    in_tokyo = datetime(2026, 3, 2, 18, 30, 0, 123456, tzinfo=timezone(timedelta(hours=9)))
    heartbeats = SqlHeartbeats(engine, SettableClock(in_tokyo))
    heartbeats.beat("one")

    assert heartbeats.last_beat() == in_tokyo
    assert heartbeats.last_beat().tzinfo is UTC


def test_a_moment_without_a_zone_is_refused(engine):
    """Guessing a zone would move a scan or a confirmation by hours."""
    naive = datetime(2026, 3, 2, 9, 30)  # noqa: DTZ001

    with pytest.raises(StatementError):
        SqlHeartbeats(engine, SettableClock(naive)).beat("one")
