"""Refusals cost whoever is refused nothing, and must not fill a disk: so many audit rows a minute.

The first row of a later minute says how many before it have none. The log has them all.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

from cds.clocks import is_due
from cds.ct.patient import PatientKey
from cds.ports import AuditLog, Clock

ROWS_A_MINUTE = 60
_MINUTE = timedelta(minutes=1)


@dataclass(slots=True)
class RowAllowance:
    """So many rows a minute, whichever threads they come from."""

    clock: Clock
    _began_at: datetime | None = None
    _taken: int = 0
    _unwritten: int = 0
    _lock: Lock = field(default_factory=Lock)

    def take(self) -> str | None:
        """What the row's detail has to add, often nothing; None where there may be no row."""
        with self._lock:
            now = self.clock.now()
            if self._began_at is None or is_due(self._began_at, now, _MINUTE):
                self._began_at, self._taken = now, 0
            if self._taken >= ROWS_A_MINUTE:
                self._unwritten += 1
                return None
            self._taken += 1
            unwritten, self._unwritten = self._unwritten, 0
        return f"{unwritten} earlier refusals have no row" if unwritten else ""


class RefusalRows:
    """The audit rows of one kind of caller, within an allowance of their own."""

    def __init__(self, audit: AuditLog, clock: Clock) -> None:
        self._audit = audit
        self._allowance = RowAllowance(clock)

    def note(
        self, event: str, patient: PatientKey | None, outcome: str, detail: str = "", *, caller: str | None = None
    ) -> None:
        """As `AuditLog.record`, if there may be a row."""
        more = self._allowance.take()
        if more is not None:
            self._audit.record(event, patient, outcome, "; ".join(filter(None, (detail, more))), caller=caller)
