"""Mirrors cds/storage/seen_studies.py."""

from datetime import date, timedelta

from cds.storage.seen_studies import SqlSeenStudies
from cds.study import SeenStudy, WatchTurn

EVERY, FAR = timedelta(minutes=5), timedelta(hours=24)


def test_turns_go_round(engine, clock):
    """First, then not before its time; far until a far look is done, and again a day later."""
    seen, turns = SqlSeenStudies(engine), []
    for minutes in (0, 1, 5, 5):
        clock.move_on(minutes=minutes)
        turns.append(seen.take_turn(clock.now(), EVERY, FAR))
        if minutes:
            seen.looked_far(clock.now())
    clock.move_on(hours=25)

    assert turns == [WatchTurn(first=True, far=True), None, WatchTurn(first=False, far=False), WatchTurn(False, False)]  # noqa: FBT003
    assert seen.take_turn(clock.now(), EVERY, FAR) == WatchTurn(first=False, far=True)


def test_a_first_look_that_broke_is_still_the_first(engine, clock):
    """What is there is taken as it is when a look comes through."""
    seen = SqlSeenStudies(engine)
    seen.take_turn(clock.now(), EVERY, FAR)
    clock.move_on(minutes=5)

    assert seen.take_turn(clock.now(), EVERY, FAR) == WatchTurn(first=True, far=True)


def test_studies_are_kept_replaced_and_forgotten(engine):
    """By day."""
    seen = SqlSeenStudies(engine)
    old, new = (SeenStudy(name, date(2026, 1, day), 5, False) for name, day in (("a", 1), ("b", 9)))  # noqa: FBT003
    settled = SeenStudy("b", date(2026, 1, 9), 7, True)  # noqa: FBT003
    seen.keep([old, new])
    seen.keep([settled])

    assert seen.oldest_unsettled() == date(2026, 1, 1)
    assert seen.since(date(2026, 1, 2)) == {"b": settled}
    seen.forget_before(date(2026, 1, 2))
    assert seen.oldest_unsettled() is None


def test_a_clock_that_was_ahead_holds_no_look_up(engine, clock):
    """Whoever looked a year ahead; the next look is due at once, the far one too, and then as ever."""
    seen = SqlSeenStudies(engine)
    clock.move_on(days=365)
    seen.take_turn(clock.now(), EVERY, FAR)
    seen.looked_far(clock.now())
    clock.move_on(days=-365)
    mended = seen.take_turn(clock.now(), EVERY, FAR)
    seen.looked_far(clock.now())
    clock.move_on(minutes=1)
    at_once = seen.take_turn(clock.now(), EVERY, FAR)
    clock.move_on(minutes=4)

    assert mended == WatchTurn(first=False, far=True)
    assert at_once is None
    assert seen.take_turn(clock.now(), EVERY, FAR) == WatchTurn(first=False, far=False)


def test_clocks_that_differ_a_little_take_turns_as_one(engine, clock):
    """A machine that is half a minute behind does not look before its time."""
    seen = SqlSeenStudies(engine)
    seen.take_turn(clock.now(), EVERY, FAR)
    clock.move_on(seconds=-30)

    assert seen.take_turn(clock.now(), EVERY, FAR) is None
