"""Mirrors cds/clocks.py, and its twin for columns in cds/storage/moments.py: both say the same of every moment."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, literal, select

from cds.clocks import CLOCKS_DIFFER_BY, is_ahead, is_due, lately
from cds.storage import moments
from tests.support.clock import SettableClock

NOW = SettableClock().now()
WITHIN = timedelta(hours=1)


@pytest.fixture(scope="module")
def database():
    """Without tables."""
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@given(st.timedeltas(timedelta(days=-9000), timedelta(days=9000)) | st.timedeltas(-2 * WITHIN, 2 * WITHIN))
def test_a_moment_is_ahead_lately_or_long_ago(database, distance):
    """One of them and no other; Python and the database agree on that, and on what is due again."""
    moment = NOW + distance
    column = literal(moment, moments.UtcDateTime)
    asked = select(moments.is_ahead(column, NOW), moments.is_due(column, NOW, WITHIN))

    assert [is_ahead(moment, NOW), lately(moment, NOW, WITHIN), distance < -WITHIN].count(True) == 1
    assert tuple(database.execute(asked).one()) == (is_ahead(moment, NOW), is_due(moment, NOW, WITHIN))


def test_as_far_ahead_as_clocks_may_differ_is_now():
    """The last moment that is believed, and the first that is not."""
    tick = datetime.resolution

    assert lately(NOW + CLOCKS_DIFFER_BY, NOW, timedelta())
    assert is_ahead(NOW + CLOCKS_DIFFER_BY + tick, NOW)
    assert not lately(NOW + CLOCKS_DIFFER_BY + tick, NOW, WITHIN)


def test_what_is_done_so_often_is_due_again_to_the_moment():
    """Not a moment earlier; and at once where the last time lies ahead."""
    tick = datetime.resolution

    assert is_due(NOW - WITHIN, NOW, WITHIN)
    assert not is_due(NOW - WITHIN + tick, NOW, WITHIN)
    assert is_due(NOW + WITHIN, NOW, WITHIN)
