"""The clock of a running service."""

from datetime import UTC, datetime


class SystemClock:
    """The machine's clock, in UTC."""

    def now(self) -> datetime:
        """Now, aware, UTC."""
        return datetime.now(UTC)
