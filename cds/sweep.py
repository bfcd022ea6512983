"""A sweep of the archive as it is kept, so that it goes on where it stopped."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Literal

from cds.ct.patient import PatientKey

Outcome = Literal["queued", "known", "opted-out", "refused", "failed-before"]
"""queued         its patient's screening was queued
known          measured, looked at lately, or queued already
opted-out      the patient does not want it
refused        no identifier that can be used, or one of another issuer
failed-before  the patient's screening has failed lately; `osteocds queue` says why
"""
OUTCOMES: tuple[Outcome, ...] = ("queued", "known", "opted-out", "refused", "failed-before")


@dataclass(frozen=True, slots=True)
class SweepRequest:
    """Which part of the archive: days, newest first; or patients of a list, in its order."""

    tenant: str
    first_day: date
    last_day: date
    patients: tuple[PatientKey, ...] | None = None

    def __post_init__(self) -> None:
        """Refuse a range that is none."""
        if self.first_day > self.last_day:
            msg = "the first day lies after the last"
            raise ValueError(msg)

    @property
    def sweep_id(self) -> str:
        """The same for the same question; tells nothing of the patients."""
        listed = None if self.patients is None else [[each.patient_id, each.issuer] for each in self.patients]
        name = json.dumps([self.tenant, self.first_day.isoformat(), self.last_day.isoformat(), listed])
        return hashlib.sha256(name.encode()).hexdigest()[:32]

    @property
    def units(self) -> int:
        """Days, or patients: what the cursor counts."""
        return (self.last_day - self.first_day).days + 1 if self.patients is None else len(self.patients)

    def day(self, unit: int) -> date:
        """The newest day is unit 0."""
        return self.last_day - timedelta(days=unit)


@dataclass(frozen=True, slots=True)
class Sweep:
    """How far a sweep is."""

    sweep_id: str
    started_at: datetime
    units: int
    done: int = 0
    """Units that are through; the next one to look at."""
    counts: dict[str, int] = field(default_factory=dict)
    """Studies by outcome."""

    @property
    def finished(self) -> bool:
        """Nothing is left to look at."""
        return self.done >= self.units

    def after_unit(self, outcomes: Sequence[Outcome]) -> "Sweep":
        """One unit further."""
        counts = dict(self.counts)
        for each in outcomes:
            counts[each] = counts.get(each, 0) + 1
        return replace(self, done=self.done + 1, counts=counts)
