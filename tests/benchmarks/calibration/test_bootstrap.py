import numpy as np
import pytest

from tests.benchmarks.calibration.bootstrap import intervals95


def _mean_of(values):
    return lambda rows: {"mean": float(values[rows].mean())}


def test_the_interval_of_a_mean_is_that_of_theory():
    """About 1.96 standard errors to either side."""
    values = np.random.default_rng(2).normal(100, 10, 400)
    low, high = intervals95(_mean_of(values), np.arange(400), draws=2000)["mean"]

    assert high - low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.1)
    assert low < values.mean() < high


def test_patients_of_one_scanner_count_once():
    """Twenty scanners with fifty equal patients each are twenty observations, not a thousand."""
    of_scanner = np.random.default_rng(3).normal(100, 10, 20)
    values, names = np.repeat(of_scanner, 50), np.repeat(np.arange(20), 50)

    by_scanner = np.diff(intervals95(_mean_of(values), names, draws=2000)["mean"])
    by_patient = np.diff(intervals95(_mean_of(values), np.arange(1000), draws=2000)["mean"])
    assert by_scanner == pytest.approx(by_patient * np.sqrt(50), rel=0.15)


def test_unequal_groups_keep_their_patients():
    """A drawn scanner brings all of its patients and nobody else's."""
    names = np.array(["b", "a", "b", "c", "b"])
    seen = []

    def count(rows):
        seen.append(sorted(rows))
        return {"count": float(len(rows))}

    intervals95(count, names, draws=50)
    wholes = {"a": [1], "b": [0, 2, 4], "c": [3]}
    for rows in seen:
        assert sum(rows.count(min(members)) for members in wholes.values()) == 3
        assert all(rows.count(member) == rows.count(members[0]) for members in wholes.values() for member in members)


def test_the_same_cohort_has_the_same_interval():
    """Figures that are kept can be made again."""
    values = np.arange(50.0)

    assert intervals95(_mean_of(values), np.arange(50)) == intervals95(_mean_of(values), np.arange(50))


def test_what_does_not_exist_has_no_interval():
    """NaN in every draw stays NaN."""
    low, high = intervals95(lambda _: {"none": float("nan")}, np.arange(5))["none"]

    assert np.isnan([low, high]).all()
