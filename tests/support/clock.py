"""A clock that tests set."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass
class SettableClock:
    """Stands still at a moment until moved on."""

    moment: datetime = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)

    def now(self) -> datetime:
        """The moment it is set to."""
        return self.moment

    def move_on(self, **amount: float) -> None:
        """Move on by timedelta arguments such as seconds=61."""
        self.moment += timedelta(**amount)
