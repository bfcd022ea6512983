"""Mirrors cds/drift.py: how often it cries wolf, and what it finds."""

from datetime import date, timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cds.drift import ScannerTissue, TissueDay, drift_of

FAT = ScannerTissue("MAKER | MODEL | CT1 | ?", 120.0, "fat")
FIRST = date(2025, 1, 1)
A_DAY = 20
DAYS_A_YEAR = 250


def days_of(hu):
    """Readings, day by day."""
    return [
        TissueDay(FIRST + timedelta(days=number), len(day), float(day.sum()), float((day**2).sum()))
        for number, day in enumerate(np.asarray(hu, float).reshape(-1, A_DAY))
    ]


def patients(rng, count):
    """Heavy tails (t with 5 degrees of freedom), SD 8 HU around -100 HU."""
    return -100 + 8 * rng.standard_t(5, count) / np.sqrt(5 / 3)


def first_alert(hu):
    """After how many readings, looking every day; None if never."""
    days = days_of(hu)
    for upto in range(10, len(days) + 1):
        drift = drift_of(FAT, days[:upto])
        if drift is not None and drift.alert:
            return upto * A_DAY
    return None


def alerts_by_year(hu):
    """Whether each row, a year of readings, has an alert: the same statistic on arrays."""
    days = hu.reshape(len(hu), -1, A_DAY)
    sums, squares = days.sum(2).cumsum(1), (days**2).sum(2).cumsum(1)
    n = 5 * A_DAY
    base, base2 = sums[:, 4:5], squares[:, 4:5]
    recent, recent2 = sums[:, 9:] - sums[:, 4:-5], squares[:, 9:] - squares[:, 4:-5]
    shift = (recent - base) / n
    within = base2 - base**2 / n + recent2 - recent**2 / n
    z = shift / np.sqrt(within / (2 * n - 2) * 2 / n)
    return ((np.abs(z) > 4.5) & (np.abs(shift) >= 3)).any(1)


def test_the_arrays_of_this_test_say_what_the_code_says():
    """The quick form decides as `drift_of` does, on years with and without a shift."""
    rng = np.random.default_rng(3)
    for shift in (0.0, 2.0, 5.0):
        year = patients(rng, 60 * A_DAY)
        year[30 * A_DAY :] += shift
        assert alerts_by_year(year[None])[0] == (first_alert(year) is not None)


def test_a_scanner_that_does_not_drift_is_left_alone():
    """Fewer than 1 % of years with 20 readings a day have an alert, looked at every day: 1,000 years."""
    rng = np.random.default_rng(1)
    false_alarms = sum(alerts_by_year(patients(rng, (100, DAYS_A_YEAR * A_DAY))).sum() for _ in range(10))

    assert false_alarms < 10


def test_a_shift_of_7_hu_is_found_within_160_readings():
    """After a quarter without drift, in 9 of 10 scanners."""
    rng = np.random.default_rng(2)
    years = patients(rng, (400, 40 * A_DAY))
    years[:, 30 * A_DAY :] += 7
    late = years[:, : 30 * A_DAY + 160]

    assert alerts_by_year(years[:, : 30 * A_DAY]).mean() < 0.01
    assert alerts_by_year(late).mean() >= 0.9


def test_too_few_readings_are_no_verdict():
    """199 readings are neither baseline and comparison."""
    assert drift_of(FAT, days_of(np.zeros(180))) is None
    assert drift_of(FAT, []) is None


@given(st.floats(-300, 300), st.floats(-40, 40))
def test_the_shift_is_that_of_the_means(level, shift):
    """Whatever the tissue reads; a scanner that reads the same number for ever has not drifted."""
    noise = np.tile([-4.0, 4.0], 100)
    drift = drift_of(FAT, days_of(level + noise + np.repeat([0.0, shift], 100)))

    assert abs(drift.shift_hu - shift) < 1e-6
    assert drift.alert == (abs(shift) >= 3 and abs(drift.z) > 4.5)
    assert not drift_of(FAT, days_of(np.full(200, level))).alert
