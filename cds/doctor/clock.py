"""Our clock against that of the archive and of the database server."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from cds.doctor.finding import Finding, failed, ok, warning
from cds.ports import Clock
from cds.settings import Settings
from cds.storage.looking import DatabaseUnusable, looking_at, server_time

NOTABLE: Final = timedelta(seconds=5)
"""A Date header tells whole seconds and is a little old when it arrives; clocks kept by NTP differ by far less."""
_SYNCHRONISE: Final = "set both clocks by NTP (here: `timedatectl status`)"


def database_ahead(settings: Settings, clock: Clock) -> timedelta | None:
    """By how much the database server's clock is ahead of ours; None where there is no server, or none answers."""
    try:
        with looking_at(settings.app_database_url) as engine:
            theirs = server_time(engine)
    except DatabaseUnusable:
        return None
    return None if theirs is None else theirs - clock.now()


def check_clock(ahead: Mapping[str, timedelta | None], tolerance: timedelta) -> Finding:
    """`ahead`: by whose clock, by how much; beyond `tolerance` tokens of clients in step with them are refused."""
    told = {whose: by for whose, by in ahead.items() if by is not None}
    if not told:
        return warning(
            "clock",
            "no other clock to compare with: neither archive nor database told the time",
            "see that NTP keeps it (`timedatectl status`): tokens of clients are judged by it",
        )
    whose, by = max(told.items(), key=lambda each: abs(each[1]))
    side = "behind" if by > timedelta() else "ahead of"
    found = f"{abs(by).total_seconds():.0f} s {side} that of the {whose}"
    limits = f"; warned beyond {NOTABLE.total_seconds():.0f} s, failed beyond {tolerance.total_seconds():.0f} s"
    if abs(by) > tolerance:
        return failed("clock", found + limits, f"{_SYNCHRONISE}; the limit is OSTEOCDS_CLIENT_CLOCK_LEEWAY_S")
    if abs(by) > NOTABLE:
        return warning("clock", found + limits, _SYNCHRONISE)
    return ok("clock", found)
