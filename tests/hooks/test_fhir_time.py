from datetime import UTC, date, datetime

import pytest

from cds.hooks.fhir_time import first_day, full_date, includes

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("1951-04-03", date(1951, 4, 3)),
        ("1951-04", None),  # partial
        ("1951", None),
        ("1951-02-30", None),  # impossible
        ("1951-W14-2", None),  # ISO, not FHIR
        ("1951-04-03T00:00:00Z", None),
        (19510403, None),
        (None, None),
    ],
)
def test_only_full_dates_are_dates(given, expected):
    """A birth date counts only with year, month and day."""
    assert full_date(given) == expected


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        (None, True),
        ({}, True),
        ({"start": "2026-03-02"}, True),  # starts today
        ({"start": "2026-03-03"}, False),
        ({"start": "2026-03-02T10:00:00Z"}, False),
        ({"start": "2026-03-02T11:00:00+02:00"}, True),
        ({"end": "2026-03-02"}, True),  # the last day counts
        ({"end": "2026-03-01"}, False),
        ({"end": "2026-03"}, True),  # so does the last month
        ({"end": "2026"}, True),
        ({"end": "2025"}, False),
        ({"end": "2026-03-02T09:30:00Z"}, True),
        ({"end": "2026-03-02T09:29:59"}, False),
        ({"end": "9999-12-31"}, True),
        ({"end": "9999-12-31T23:59:59Z"}, True),
        ({"start": "2020", "end": "2030"}, True),
    ],
)
def test_a_period_includes_what_its_ends_name(period, expected):
    """Both ends are inclusive at the precision they are written with."""
    assert includes(period, AT) is expected


@pytest.mark.parametrize("period", ["2020", {"start": "soon"}, {"end": 2020}, {"start": "2020-13"}, []])
def test_an_unreadable_period_is_an_error(period):
    """What cannot be read is never taken for current or for ended."""
    with pytest.raises(ValueError):  # noqa: PT011 - the caller tells only that it cannot be read
        includes(period, AT)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("2025-03-02", date(2025, 3, 2)),
        ("2025-03", date(2025, 3, 1)),
        ("2025", date(2025, 1, 1)),
        ("2025-03-02T23:30:00-05:00", date(2025, 3, 2)),  # the day where it happened
        ("9999-12-31", date(9999, 12, 31)),
        ("0000", None),
        ("2025-13", None),
        ("yesterday", None),
        (20250302, None),
        (None, None),
    ],
)
def test_the_first_day_of_a_moment(given, expected):
    """A partial date begins with its first day; what cannot be read has none."""
    assert first_day(given) == expected
