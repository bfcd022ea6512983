"""Mirrors cds/storage/service_modes.py."""

import pytest
from sqlalchemy import event
from sqlalchemy.exc import SQLAlchemyError

from cds.storage.engine import open_engine
from cds.storage.service_modes import FRESH_S, ChosenMode, SqlServiceModes
from cds.storage.tables import service_modes

SIGN, SELECT = "osteocds-order-sign", "osteocds-order-select"


class Stopwatch:
    """Seconds that a test sets."""

    def __init__(self):
        self.s = 100.0

    def __call__(self):
        """Now."""
        return self.s


def test_the_settings_hold_until_an_operator_chooses(engine, clock):
    """A choice wins over the settings, for its service alone, until it is taken back."""
    watch = Stopwatch()
    modes = SqlServiceModes(engine, clock, "live", watch)
    seen = [modes.mode_of(SIGN)]

    modes.choose([SIGN], "shadow")
    chosen = modes.chosen()
    watch.s += FRESH_S
    seen += [modes.mode_of(SIGN), modes.mode_of(SELECT)]
    modes.follow_settings([SIGN])
    watch.s += FRESH_S
    seen.append(modes.mode_of(SIGN))

    assert seen == ["live", "shadow", "live", "live"]
    assert chosen == {SIGN: ChosenMode("shadow", clock.now())}


def test_a_change_acts_in_every_replica_within_a_second(engine, database, clock):
    """Two processes on one database: what one writes, the other goes by a second later, without restart."""
    watch = Stopwatch()
    other_engine = open_engine(database)
    replica, operator = SqlServiceModes(engine, clock, "live", watch), SqlServiceModes(other_engine, clock, "live")
    before = replica.mode_of(SIGN)

    operator.choose([SIGN, SELECT], "off")
    watch.s += FRESH_S

    assert before == "live"
    assert [replica.mode_of(SIGN), replica.mode_of(SELECT)] == ["off", "off"]
    other_engine.dispose()


def test_calls_within_a_second_cost_one_query(engine, clock):
    """A hundred calls do not ask the database a hundred times."""
    asked = []
    event.listen(engine, "before_cursor_execute", lambda *given: asked.append(given[2]))
    modes = SqlServiceModes(engine, clock, "live", Stopwatch())

    for _ in range(100):
        modes.mode_of(SIGN)

    assert len([each for each in asked if "service_modes" in each]) == 1


def test_no_mode_is_guessed(engine, clock):
    """Without its table the service does not go live by the settings: it may have been switched off."""
    watch = Stopwatch()
    modes = SqlServiceModes(engine, clock, "live", watch)
    modes.mode_of(SIGN)
    service_modes.drop(engine)
    watch.s += FRESH_S

    with pytest.raises(SQLAlchemyError):
        modes.mode_of(SIGN)


def test_a_mode_of_a_later_version_is_no_mode(engine, clock):
    """Nor is an unknown word taken for live."""
    SqlServiceModes(engine, clock, "live").choose([SIGN], "later")

    with pytest.raises(KeyError):
        SqlServiceModes(engine, clock, "live").mode_of(SIGN)


def test_what_was_read_lately_is_known_without_asking(engine, clock):
    """Nothing before the first reading, nor once it is a second old."""
    watch = Stopwatch()
    modes = SqlServiceModes(engine, clock, "live", watch)
    before = modes.known_mode_of(SIGN)
    modes.mode_of(SIGN)
    service_modes.drop(engine)

    assert before is None
    assert modes.known_mode_of(SIGN) == "live"
    watch.s += FRESH_S
    assert modes.known_mode_of(SIGN) is None
