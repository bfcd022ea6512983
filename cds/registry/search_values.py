"""Values of search parameters, as FHIR R4 writes them: prefixes, dates, numbers with their precision, tokens."""

import math
import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation

from cds.registry.refusals import Refused
from cds.resource import UNKNOWN_DAY, Interval, Token

_PREFIXED = re.compile(r"(?P<prefix>eq|ne|gt|lt|ge|le|sa|eb|ap)?(?P<rest>.*)", re.DOTALL)
_DATE = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})?")
_NUMBER = re.compile(r"[+-]?\d{1,12}(\.\d{1,12})?")
_UNESCAPED_COMMA = re.compile(r"(?<!\\),")
_FIRST_DAY = UNKNOWN_DAY + timedelta(days=1)
_APPROXIMATELY = 0.1
"""FHIR R4, 3.1.1.4.6: the recommended tolerance of `ap`."""


def alternatives(text: str) -> list[str]:
    """What is separated by commas; any of them may hold."""
    return [each.replace("\\,", ",") for each in _UNESCAPED_COMMA.split(text)]


def token(text: str) -> Token:
    """`code`, `system|code`, `|code` or `system|`."""
    system, bar, code = text.partition("|")
    if not bar:
        return Token(None, text)
    return Token(system, code or None)


def days(name: str, text: str) -> tuple[Interval, ...]:
    """A date with prefix, against a day; of a moment, the day that it names."""
    prefix, rest = _prefix_of(name, text)
    if _TIME.fullmatch(rest):
        rest = rest[:10]
    first, behind = _span(name, rest)
    return tuple(Interval(low or _FIRST_DAY, high) for low, high in _ranges(name, prefix, first, behind))


def moments(name: str, text: str) -> tuple[Interval, ...]:
    """A date or instant with prefix, against milliseconds since 1970; without a zone, UTC."""
    prefix, rest = _prefix_of(name, text)
    if _TIME.fullmatch(rest):
        begin = instant_ms(name, rest)
        return _ranges(name, prefix, begin, begin + _length_ms(rest))
    first, behind = _span(name, rest)
    return _ranges(name, prefix, _midnight_ms(first), _midnight_ms(behind))


def numbers(name: str, text: str) -> tuple[Interval, ...]:
    """A number with prefix; `eq` and `ne` by the precision that was written: 80 is 79.5 to 80.5."""
    prefix, rest = _prefix_of(name, text)
    if not _NUMBER.fullmatch(rest):
        raise wrong(name, "a number such as 80 or lt79.5")
    try:
        value = Decimal(rest)
    except InvalidOperation:
        raise wrong(name, "a number") from None
    half = Decimal(1).scaleb(int(value.as_tuple().exponent)) / 2
    exact, behind = float(value), math.nextafter(float(value), math.inf)
    if prefix in ("eq", "ne"):
        return _ranges(name, prefix, float(value - half), float(value + half))
    if prefix == "ap":
        reach = abs(exact) * _APPROXIMATELY
        return (Interval(exact - reach, math.nextafter(exact + reach, math.inf)),)
    return _ranges(name, prefix, exact, behind)


def instant_ms(name: str, text: str) -> int:
    """A FHIR instant or dateTime with a time, in milliseconds since 1970."""
    if not _TIME.fullmatch(text):
        raise wrong(name, "an instant such as 2026-03-02T09:30:00Z")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise wrong(name, "a moment that exists") from None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int(aware.timestamp() * 1000)


def wrong(name: str, wanted: str) -> Refused:
    """A value that cannot be read; it is not repeated."""
    return Refused(400, f"{name}: wants {wanted}.")


def _prefix_of(name: str, text: str) -> tuple[str, str]:
    found = _PREFIXED.fullmatch(text)
    if found is None or not found["rest"]:
        raise wrong(name, "a value")
    return found["prefix"] or "eq", found["rest"]


def _span(name: str, text: str) -> tuple[date, date]:
    """First day of a year, month or day, and the first one behind it."""
    written = _DATE.fullmatch(text)
    if written is None:
        raise wrong(name, "a date such as 2026, 2026-03 or 2026-03-02, perhaps with eq, ne, gt, lt, ge or le")
    year, month, day = (int(part) if part else None for part in written.groups())
    try:
        first = date(year or 0, month or 1, day or 1)
        if day:
            return first, first + timedelta(days=1)
        if month:
            return first, date(first.year + month // 12, month % 12 + 1, 1)
        return first, date(first.year + 1, 1, 1)
    except (ValueError, OverflowError):
        raise wrong(name, "a day that exists") from None


def _ranges(name: str, prefix: str, first: date | float, behind: date | float) -> tuple[Interval, ...]:
    """What holds of a value inside [first, behind) when compared with it."""
    ranges = {
        "eq": (Interval(first, behind),),
        "ne": (Interval(None, first), Interval(behind, None)),
        "gt": (Interval(behind, None),),
        "sa": (Interval(behind, None),),
        "ge": (Interval(first, None),),
        "lt": (Interval(None, first),),
        "eb": (Interval(None, first),),
        "le": (Interval(None, behind),),
    }
    if prefix not in ranges:
        raise wrong(name, "another prefix than ap")
    return ranges[prefix]


def _midnight_ms(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)


def _length_ms(text: str) -> int:
    """How long the moment lasts that was written: a minute, a second or a millisecond."""
    clock = re.split(r"Z|[+-]\d{2}:\d{2}$", text.partition("T")[2])[0]
    if "." in clock:
        return 1
    return 1000 if clock.count(":") == 2 else 60_000
