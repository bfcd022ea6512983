"""For which scans a calibration holds: from when, and for how long after it was measured."""

from dataclasses import dataclass
from datetime import date, timedelta

from cds.errors import CalibrationUnusable

DEFAULT_DAYS = 365
"""Phantom checks of a scanner are yearly at the least."""


@dataclass(frozen=True, slots=True)
class Validity:
    """What the site asks for; without `valid_from` it begins with the measurement."""

    valid_from: date | None = None
    days: int = DEFAULT_DAYS

    def for_scan_of(self, measured: date, today: date) -> tuple[date, date]:
        """First and last day, for something measured on one day."""
        return self.between(measured, measured, today)

    def between(self, first: date, last: date, today: date) -> tuple[date, date]:
        """First and last day, for something measured between two days.

        Raises `CalibrationUnusable` where that is over already, or would begin after the measurement.
        """
        begins, ends = self.valid_from or first, last + timedelta(days=self.days)
        if begins > last:
            raise CalibrationUnusable(f"--valid-from {begins} lies after the measurement of {last}")
        if ends < today:
            raise CalibrationUnusable(
                f"measured on {last} and valid for {self.days} days, it expired on {ends}: measure again, or set "
                "--valid-days where nothing about the scanner has changed since"
            )
        return begins, ends
