"""FHIR dates and periods, which may name a year, a month, a day or a moment."""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

_FULL_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")
_END_OF_TIME = datetime.max.replace(tzinfo=UTC)
_LAST_YEAR = _END_OF_TIME.year


def full_date(value: object) -> date | None:
    """A date with year, month and day; None for a partial or impossible one."""
    if not isinstance(value, str) or not _FULL_DATE.fullmatch(value):
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None


def first_day(moment: object) -> date | None:
    """The first day that a date or dateTime names, in its own time zone; None for what cannot be read."""
    try:
        return _span(moment)[0].date()
    except (ValueError, OverflowError):
        return None


def includes(period: object, at: datetime) -> bool:
    """Whether a Period includes an aware moment; raises ValueError for one that cannot be read.

    Its end includes the whole day, month or year that it names (FHIR R4, Period). What has no
    time zone is read as UTC.
    """
    if period is None or period == {}:
        return True
    if not isinstance(period, dict):
        raise ValueError("not a Period")  # noqa: TRY004 - one error for whatever cannot be read
    start, end = period.get("start"), period.get("end")
    return (start is None or _span(start)[0] <= at) and (end is None or at < _span(end)[1])


def _span(moment: object) -> tuple[datetime, datetime]:
    """First moment of a FHIR dateTime, and the first one after it."""
    if not isinstance(moment, str):
        raise ValueError("not a dateTime")  # noqa: TRY004 - as above
    if _DATE.fullmatch(moment):
        return _calendar_span([int(part) for part in moment.split("-")])
    first = datetime.fromisoformat(moment)
    first = first if first.tzinfo else first.replace(tzinfo=UTC)
    return first, _END_OF_TIME if first.year >= _LAST_YEAR else first + timedelta(seconds=1)


def _calendar_span(parts: Sequence[int]) -> tuple[datetime, datetime]:
    year, month, day = (*parts, 1, 1)[:3]
    first = datetime(year, month, day, tzinfo=UTC)
    if year >= _LAST_YEAR:  # "no end" is often written as the year 9999
        return first, _END_OF_TIME
    match len(parts):
        case 1:
            return first, first.replace(year=year + 1)
        case 2:
            return first, (first + timedelta(days=31)).replace(day=1)
        case _:
            return first, first + timedelta(days=1)
