"""Mirrors cds/registry/search_values.py: what prefixes, precision and separators mean."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.registry.refusals import Refused
from cds.registry.search_values import alternatives, days, instant_ms, moments, numbers, token
from cds.resource import UNKNOWN_DAY, Token

DAYS = st.dates(date(1900, 1, 1), date(2100, 1, 1))
NUMBERS = st.decimals(0, 300, places=1, allow_nan=False)


def holds(intervals, value):
    """Whether a value lies in one of them."""
    return any((low is None or low <= value) and (high is None or value < high) for low, high in intervals)


@given(DAYS, DAYS)
def test_prefixes_split_the_days(asked, day):
    """Eq and ne, gt and le, lt and ge: exactly one of each holds, and as one compares days."""
    for one, other in (("eq", "ne"), ("gt", "le"), ("lt", "ge")):
        assert holds(days("date", f"{one}{asked}"), day) != holds(days("date", f"{other}{asked}"), day)
    assert holds(days("date", str(asked)), day) == (asked == day)
    assert holds(days("date", f"gt{asked}"), day) == (day > asked)
    assert holds(days("date", f"lt{asked}"), day) == (day < asked)


@given(DAYS)
def test_a_year_and_a_month_hold_their_days(day):
    """And an unknown day is never found."""
    assert holds(days("date", f"{day:%Y}"), day)
    assert holds(days("date", f"{day:%Y-%m}"), day)
    assert not holds(days("date", f"{day:%Y-%m}"), day + timedelta(days=31))
    for prefix in ("", "ne", "lt", "le", "eb"):
        assert not holds(days("date", f"{prefix}{day}"), UNKNOWN_DAY)


@given(NUMBERS, NUMBERS)
def test_prefixes_split_the_numbers(asked, value):
    """Exactly, except for eq and ne, which go by the precision that was written."""
    assert holds(numbers("v", f"gt{asked}"), float(value)) == (value > asked)
    assert holds(numbers("v", f"ge{asked}"), float(value)) == (value >= asked)
    assert holds(numbers("v", f"lt{asked}"), float(value)) == (value < asked)
    assert holds(numbers("v", f"le{asked}"), float(value)) == (value <= asked)
    assert holds(numbers("v", f"eq{asked}"), float(value)) == (value == asked)
    assert holds(numbers("v", f"ne{asked}"), float(value)) == (value != asked)


@pytest.mark.parametrize(("text", "low", "high"), [("80", 79.5, 80.5), ("80.0", 79.95, 80.05), ("ap100", 90, 110)])
def test_equal_means_within_what_was_written(text, low, high):
    """FHIR R4, 3.1.1.4.3."""
    (found,) = numbers("v", text)

    assert found.low == pytest.approx(low)
    assert found.high == pytest.approx(high)


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001 - the zone is written out
def test_moments_are_milliseconds_in_utc(moment):
    """A moment without a zone is one in UTC."""
    written = moment.isoformat(timespec="milliseconds")
    expected = int(moment.replace(tzinfo=UTC, microsecond=moment.microsecond // 1000 * 1000).timestamp() * 1000)

    assert abs(instant_ms("since", f"{written}Z") - expected) <= 1
    assert instant_ms("since", written) == instant_ms("since", f"{written}Z")
    assert holds(moments("_lastUpdated", f"{written}Z"), instant_ms("since", f"{written}Z"))


@given(st.text(max_size=20))
def test_any_text_is_read_or_refused(text):
    """Never another error."""
    for read in (days, moments, numbers):
        told = answer_to(read, text)
        assert told is None or told.status == 400
        assert told is None or len(text) < 4 or text not in told.text


def answer_to(read, text):
    """The refusal, if there is one."""
    try:
        read("x", text)
    except Refused as refused:
        return refused
    return None


def test_tokens_and_alternatives():
    """With and without system; an escaped comma belongs to the value."""
    assert token("a") == Token(None, "a")
    assert token("s|a") == Token("s", "a")
    assert token("|a") == Token("", "a")
    assert token("s|") == Token("s", None)
    assert alternatives(r"a,b\,c") == ["a", "b,c"]
