"""Mirrors cds/durable/takeover.py: when a worker counts as lost, and when not."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from cds.durable.heartbeat import EVERY_S
from cds.durable.takeover import LOOK_EVERY_S, LOST_AFTER_LOOKS, Takeover

BEGUN = datetime(2026, 11, 28, tzinfo=UTC)


@dataclass
class Begun:
    """Work in progress, and what was handed back."""

    work: dict[str, str]
    handed_back: list[str] = field(default_factory=list)

    def pending(self):
        """Who works on what."""
        return dict(self.work)

    def hand_back(self, workflow_ids):
        """Nobody works on it any more."""
        for each in workflow_ids:
            self.handed_back.append(each)
            del self.work[each]


@dataclass
class Living:
    """The last beats; `away` raises instead."""

    last: dict[str, datetime]
    away: bool = False

    def beats(self):
        """Each worker's last."""
        if self.away:
            raise ConnectionError
        return dict(self.last)

    def leave(self, worker):
        """Forget one."""
        self.last.pop(worker, None)


@pytest.fixture
def begun():
    """Another worker is at work."""
    return Begun({"screen-1.1": "other"})


@pytest.fixture
def living():
    """Both have beaten."""
    return Living({"me": BEGUN, "other": BEGUN})


def look(takeover, times=LOST_AFTER_LOOKS):
    """Several times."""
    for _ in range(times):
        takeover.look()


def test_work_of_a_worker_without_a_beat_is_handed_back_and_the_worker_forgotten(begun, living):
    """Not before the last of the looks."""
    takeover = Takeover(begun, living, "me", [])
    look(takeover, LOST_AFTER_LOOKS - 1)
    too_early = list(begun.handed_back)
    takeover.look()

    assert too_early == []
    assert begun.handed_back == ["screen-1.1"]
    assert "other" not in living.last


def test_the_pace_is_half_a_minute_without_a_beat_and_a_new_start_within_one():
    """Six beats are missing before a worker counts as lost; that is noticed well before a minute is over."""
    soonest_s, latest_s = ((LOST_AFTER_LOOKS + each) * LOOK_EVERY_S for each in (-1, 1))

    assert soonest_s >= 6 * EVERY_S
    assert latest_s <= 45


def test_a_worker_that_beats_keeps_its_work_whatever_its_clock_says(begun, living):
    """A clock that is a day behind, and one that goes backwards, are beats like any other."""
    takeover = Takeover(begun, living, "me", [])
    for number in range(4 * LOST_AFTER_LOOKS):
        living.last["other"] = BEGUN - timedelta(days=1, seconds=number)
        takeover.look()

    assert begun.handed_back == []


def test_a_worker_that_never_beat_or_said_goodbye_is_lost_as_well(begun, living):
    """Its work is found, though nothing else is known of it."""
    del living.last["other"]
    look(Takeover(begun, living, "me", []))

    assert begun.handed_back == ["screen-1.1"]


def test_while_the_database_is_away_nobody_is_taken_for_dead(begun, living):
    """Beats could not be written either, so that looking starts all over."""
    takeover = Takeover(begun, living, "me", [])
    look(takeover, LOST_AFTER_LOOKS - 1)
    living.away = True
    with pytest.raises(ConnectionError):
        takeover.look()
    living.away = False
    look(takeover, LOST_AFTER_LOOKS - 1)

    assert begun.handed_back == []


def test_work_that_changes_hands_is_watched_anew(begun, living):
    """What the new bearer does has nothing to do with the old one."""
    takeover = Takeover(begun, living, "me", [])
    look(takeover, LOST_AFTER_LOOKS - 1)
    begun.work["screen-1.1"] = "third"
    look(takeover, LOST_AFTER_LOOKS - 1)

    assert begun.handed_back == []


def test_own_work_is_handed_back_only_where_nothing_runs(begun, living):
    """Such as work that was claimed in the moment when the database went away."""
    begun.work |= {"mine.1": "me", "lost-sight-of.1": "me"}
    takeover = Takeover(begun, living, "me", ["mine.1"])
    for number in range(LOST_AFTER_LOOKS):
        living.last |= {each: BEGUN + timedelta(seconds=number) for each in ("me", "other")}
        takeover.look()

    assert begun.handed_back == ["lost-sight-of.1"]
    assert "me" in living.last
