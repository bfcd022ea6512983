"""Mirrors cds/pace.py."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.pace import Hours, Pace
from tests.support.clock import SettableClock


@dataclass
class Sleeper:
    """Sleeping moves the clock on."""

    clock: SettableClock = field(default_factory=SettableClock)
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds):
        """No time passes but on the clock."""
        self.slept.append(seconds)
        self.clock.moment += timedelta(seconds=seconds)

    def pace(self, **facts):
        """A pace on this clock, in UTC."""
        usual = {"orders_per_hour": 600, "requests_per_s": 2, "zone": UTC, "sleep": self.sleep}
        return Pace(self.clock, **(usual | facts))


@given(st.floats(1, 5000), st.integers(2, 40))
def test_orders_never_come_faster_than_asked(per_hour, orders):
    """Whatever the rate: so many orders take at least their share of an hour."""
    sleeper = Sleeper()
    pace, began = sleeper.pace(orders_per_hour=per_hour), sleeper.clock.now()
    for _ in range(orders):
        pace.before_order()

    took = sleeper.clock.now() - began
    assert took >= timedelta(hours=(orders - 1) / per_hour) - timedelta(milliseconds=1)


def test_time_without_orders_is_not_caught_up():
    """After an hour of silence the next two orders are as far apart as ever."""
    sleeper = Sleeper()
    pace = sleeper.pace(orders_per_hour=60)
    pace.before_order()
    sleeper.clock.move_on(hours=1)
    pace.before_order()
    pace.before_order()

    assert sleeper.slept == [60.0]


def test_nothing_is_asked_outside_the_hours():
    """At noon a window of the night is waited for, over midnight too."""
    sleeper = Sleeper(SettableClock(datetime(2026, 3, 2, 12, 0, tzinfo=UTC)))
    sleeper.pace(hours=Hours.parse("20:00-06:00")).before_request()

    assert time(20) <= sleeper.clock.now().time() < time(20, 2)


@given(st.times(), st.times(), st.datetimes())
def test_a_window_and_its_complement_cover_the_day(begins, ends, moment):
    """Each moment lies in exactly one of the two."""
    if begins != ends:
        assert Hours(begins, ends).include(moment) != Hours(ends, begins).include(moment)


@pytest.mark.parametrize("text", ["", "20:00", "20-25", "8-8", "20:00-20:00", "a-b"])
def test_what_is_no_window_is_refused(text):
    """Never taken as "always"."""
    with pytest.raises(ValueError, match=r"HH:MM|isoformat|hour"):
        Hours.parse(text)
