"""What a running service knows of itself: time, modes, readiness."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from cds.mode import Mode


class Clock(Protocol):
    """Tells the time, so that tests can set it."""

    def now(self) -> datetime:
        """Now, aware, UTC."""


class ServiceModes(Protocol):
    """Which service is live, in shadow or off now; changed while the service runs."""

    def mode_of(self, service: str) -> Mode:
        """What an operator set for this service, else what the settings say."""

    def known_mode_of(self, service: str) -> Mode | None:
        """The same at once, where it was read lately; None where it has to be read."""


class Readiness(Protocol):
    """Whether this replica can do its work now."""

    def problems(self) -> Sequence[str]:
        """One sentence for each thing that is missing; empty when ready."""
