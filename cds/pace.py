"""How fast the archive and the workers may be asked for things that nobody waits for."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from datetime import time as time_of_day

from cds.ports import Clock

_LOOK_AGAIN_S = 60.0


@dataclass(frozen=True, slots=True)
class Hours:
    """A daily window, such as 20:00-06:00; one that ends before it begins lasts over midnight."""

    begins: time_of_day
    ends: time_of_day

    @classmethod
    def parse(cls, text: str) -> "Hours":
        """From "20:00-06:00"; raises ValueError."""
        begins, dash, ends = text.partition("-")
        hours = cls(time_of_day.fromisoformat(begins.strip()), time_of_day.fromisoformat(ends.strip()))
        if not dash or hours.begins == hours.ends:
            msg = "write HH:MM-HH:MM, such as 20:00-06:00"
            raise ValueError(msg)
        return hours

    def include(self, moment: datetime) -> bool:
        """Whether the local moment lies in the window; its end does not."""
        now = moment.time()
        if self.begins < self.ends:
            return self.begins <= now < self.ends
        return now >= self.begins or now < self.ends


@dataclass(slots=True)
class Pace:
    """Waits until the next request, or the next order, is due."""

    clock: Clock
    orders_per_hour: float
    requests_per_s: float
    hours: Hours | None = None
    zone: tzinfo | None = None
    """In which `hours` are meant; None: that of the machine."""
    sleep: Callable[[float], None] = time.sleep
    _next_request: datetime | None = field(default=None, init=False)
    _next_order: datetime | None = field(default=None, init=False)

    def before_request(self) -> None:
        """To the archive's index."""
        self._in_hours()
        self._next_request = self._wait_for(self._next_request, 1.0 / self.requests_per_s)

    def before_order(self) -> None:
        """To the queue."""
        self._in_hours()
        self._next_order = self._wait_for(self._next_order, 3600.0 / self.orders_per_hour)

    @property
    def is_open(self) -> bool:
        """Whether the hours include this moment."""
        return self.hours is None or self.hours.include(self.clock.now().astimezone(self.zone))

    def _in_hours(self) -> None:
        while not self.is_open:
            self.sleep(_LOOK_AGAIN_S)

    def _wait_for(self, due: datetime | None, every_s: float) -> datetime:
        """Evenly, without catching up for time in which nothing was asked."""
        now = self.clock.now()
        if due is not None and due > now:
            self.sleep((due - now).total_seconds())
            now = due
        return now + timedelta(seconds=every_s)
