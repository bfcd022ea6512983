"""How far the archive has been gone through, at once or day by day."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Protocol

from cds.study import SeenStudy, WatchTurn
from cds.sweep import Sweep, SweepRequest


class SweepLog(Protocol):
    """Keeps how far sweeps are."""

    def begin(self, request: SweepRequest, now: datetime) -> Sweep:
        """The unfinished sweep of the same request, else a new one."""

    def keep(self, sweep: Sweep) -> None:
        """How far it is now."""


class SeenStudies(Protocol):
    """Remembers what the watch over the archive saw, and whose turn it is to look."""

    def take_turn(self, now: datetime, every: timedelta, far_every: timedelta) -> WatchTurn | None:
        """None where it is not time yet, or another process was first."""

    def looked_far(self, now: datetime) -> None:
        """A look far back is done."""

    def oldest_unsettled(self) -> date | None:
        """Day of the oldest study that something is left to do about."""

    def since(self, day: date) -> Mapping[str, SeenStudy]:
        """Those of this day and later, by digest."""

    def keep(self, studies: Sequence[SeenStudy]) -> None:
        """Add, or replace."""

    def forget_before(self, day: date) -> None:
        """They are not asked for any more."""
