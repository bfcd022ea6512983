import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.benchmarks.calibration.intervals import agrees_with_95, coverage, reliability


def test_the_ends_belong_to_the_interval():
    """Two of three truths lie within."""
    low, high = np.array([70.0, 70, 70]), np.array([90.0, 90, 90])

    assert coverage(low, high, np.array([70.0, 90, 91])) == pytest.approx(2 / 3)


def test_too_wide_disagrees_like_too_narrow():
    """Intervals that hold nearly all are not 95 % intervals either."""
    assert agrees_with_95(950, 1000) > 0.9
    assert agrees_with_95(920, 1000) < 0.001
    assert agrees_with_95(980, 1000) < 0.001


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(40, 160)), min_size=1, max_size=20))
def test_every_patient_is_in_one_tenth(rows):
    """Certain ones too; what was observed lies in its own interval, and told within its tenth."""
    told, truth = np.array(rows).T
    tenths = reliability(told, truth)

    assert sum(tenth.count for tenth in tenths) == len(rows)
    for tenth in tenths:
        assert tenth.told_from - 1e-9 <= tenth.mean_told <= tenth.told_from + 0.1 + 1e-9
        assert tenth.observed_ci95[0] <= tenth.observed <= tenth.observed_ci95[1]


def test_few_patients_cannot_tell():
    """A tenth is off surely, or surely not, only with enough patients."""
    told = np.full(1000, 0.55)
    as_told, all_below = np.where(np.arange(1000) < 550, 70.0, 90.0), np.full(1000, 70.0)

    assert reliability(told, as_told)[0].is_off_by_more_than(0.05) is False
    assert reliability(told, all_below)[0].is_off_by_more_than(0.05) is True
    assert reliability(told[:3], all_below[:3])[0].is_off_by_more_than(0.05) is None
