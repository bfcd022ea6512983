"""Mirrors cds/doctor/clock.py."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from cds.doctor.clock import NOTABLE, check_clock, database_ahead
from tests.support.clock import SettableClock
from tests.support.databases import an_empty_database
from tests.support.hook_site import some_settings

TOLERANCE = timedelta(seconds=60)


def test_without_another_clock_it_is_said_that_nothing_was_compared():
    """Never shown as well."""
    assert check_clock({"archive": None, "database": None}, TOLERANCE).state == "warning"


@given(st.floats(-500, 500), st.floats(-500, 500))
def test_the_larger_difference_decides(archive_s, database_s):
    """In either direction, whoever's clock it is."""
    found = check_clock({"archive": timedelta(seconds=archive_s), "database": timedelta(seconds=database_s)}, TOLERANCE)
    worst = timedelta(seconds=max(abs(archive_s), abs(database_s)))
    expected = "failed" if worst > TOLERANCE else "warning" if worst > NOTABLE else "ok"

    assert found.state == expected


def test_it_says_which_way_and_what_the_limit_is():
    """An operator can tell whose clock to set."""
    found = check_clock({"archive": timedelta(seconds=90), "database": None}, TOLERANCE)

    assert found.found.startswith("90 s behind that of the archive")
    assert "OSTEOCDS_CLIENT_CLOCK_LEEWAY_S" in found.advice
    assert "ahead of" in check_clock({"archive": timedelta(seconds=-90)}, TOLERANCE).found


def test_the_database_server_has_a_clock_and_sqlite_has_none(tmp_path):
    """Asked of a real server."""
    clock = SettableClock(datetime.now(UTC) - timedelta(hours=1))
    assert database_ahead(some_settings(data_dir=tmp_path), clock) is None
    with an_empty_database("postgresql", tmp_path) as url:
        ahead = database_ahead(some_settings(database_url=url), clock)

    assert timedelta(minutes=59) < ahead < timedelta(minutes=75)
