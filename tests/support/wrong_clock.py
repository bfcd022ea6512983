"""A clock that is wrong by what a file says, and may jump while a process runs: for our own code, and for DBOS."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

_REAL_TIME = time.time


@dataclass(frozen=True)
class ClockOffBy:
    """The real time and as many hours more as the file holds; none while there is no file."""

    file: Path

    @property
    def ahead_s(self) -> float:
        """Now."""
        return float(self.file.read_text()) * 3600 if self.file.exists() else 0.0

    def now(self) -> datetime:
        """As the machine would say it."""
        return datetime.fromtimestamp(_REAL_TIME(), UTC) + timedelta(seconds=self.ahead_s)

    def set_whole_process(self) -> None:
        """Whatever asks `time.time` is told the same."""
        time.time = lambda: _REAL_TIME() + self.ahead_s
