import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from tests.benchmarks.calibration import agreement

VBMD = st.floats(20, 260).map(lambda value: round(value, 2))
COHORTS = st.lists(st.tuples(VBMD, VBMD), min_size=4, max_size=12).map(lambda rows: np.array(rows).T)

# Shrout and Fleiss 1979, table 2, judges 1 and 4 of six targets
JUDGE_1, JUDGE_4 = np.array([9.0, 6, 8, 7, 10, 6]), np.array([8.0, 2, 6, 7, 9, 7])


def _differ(cohort):
    return min(np.ptp(cohort[0]), np.ptp(cohort[1])) > 1


@given(COHORTS)
def test_identical_measurements_agree_perfectly(cohort):
    """Every coefficient is one, every error nothing."""
    truth = cohort[0]
    if np.ptp(truth) <= 1:
        return

    assert agreement.icc_a1(truth, truth) == pytest.approx(1)
    assert agreement.spearman(truth, truth) == pytest.approx(1)
    assert agreement.pearson(truth, truth) == pytest.approx(1)
    assert agreement.slope_on_truth(truth, truth) == pytest.approx(1)
    assert agreement.deming_slope(truth, truth) == pytest.approx(1)
    assert (agreement.bias(truth, truth), agreement.limits_half_width(truth, truth)) == (0, 0)


@given(COHORTS, st.floats(-50, 50), st.floats(0.5, 2))
def test_what_a_shift_and_a_scale_change(cohort, shift, scale):
    """Correlations see neither; ICC, limits and slopes are blind to a shift of both."""
    predicted, truth = cohort
    if not _differ(cohort):
        return

    assert agreement.spearman(predicted * scale + shift, truth) == pytest.approx(agreement.spearman(predicted, truth))
    assert agreement.pearson(predicted * scale + shift, truth) == pytest.approx(agreement.pearson(predicted, truth))
    assert agreement.icc_a1(predicted + shift, truth + shift) == pytest.approx(agreement.icc_a1(predicted, truth))
    assert agreement.bias(predicted + shift, truth) == pytest.approx(agreement.bias(predicted, truth) + shift)
    shifted = agreement.limits_half_width(predicted + shift, truth)
    assert shifted == pytest.approx(agreement.limits_half_width(predicted, truth))
    scaled = agreement.slope_on_truth(scale * predicted, truth)
    assert scaled == pytest.approx(scale * agreement.slope_on_truth(predicted, truth), abs=1e-9)


@given(COHORTS)
def test_agreement_does_not_know_which_came_first(cohort):
    """ICC is symmetric; Deming slopes of the two orders are each other's inverse."""
    one, other = cohort
    if not _differ(cohort) or abs(np.cov(one, other)[0, 1]) < 1e-3:
        return

    assert agreement.icc_a1(one, other) == pytest.approx(agreement.icc_a1(other, one))
    assert agreement.deming_slope(one, other) * agreement.deming_slope(other, one) == pytest.approx(1)


@given(COHORTS)
def test_agreement_is_never_better_than_correlation(cohort):
    """A shift or another scale costs agreement, not correlation."""
    predicted, truth = cohort
    if not _differ(cohort):
        return

    n = len(truth)
    # unbiased variances: ICC(A,1) may exceed r by the order of 1/n where both are near zero
    assert agreement.icc_a1(predicted, truth) <= max(agreement.pearson(predicted, truth), 0) + 2 / n


def test_icc_of_a_worked_example():
    """Against the mean squares of an analysis of variance by hand: 46.5/6..., as in McGraw and Wong."""
    table = np.column_stack((JUDGE_1, JUDGE_4))
    rows, columns = 2 * table.mean(axis=1).var(ddof=1), 6 * table.mean(axis=0).var(ddof=1)
    error = (((len(table) * 2 - 1) * table.var(ddof=1)) - 5 * rows - columns) / 5

    expected = (rows - error) / (rows + error + 2 / 6 * (columns - error))
    assert agreement.icc_a1(JUDGE_1, JUDGE_4) == pytest.approx(expected)


def test_spearman_is_that_of_scipy():
    """Ties included."""
    expected = stats.spearmanr(JUDGE_1, JUDGE_4).statistic
    assert agreement.spearman(JUDGE_1, JUDGE_4) == pytest.approx(expected)


def test_least_squares_shrinks_where_both_err_and_deming_does_not():
    """Why real pairs get the one slope and simulated ones the other."""
    rng = np.random.default_rng(1)
    true = rng.normal(100, 30, 20000)
    one, other = true + rng.normal(0, 15, 20000), true + rng.normal(0, 15, 20000)

    assert agreement.deming_slope(one, other) == pytest.approx(1, abs=0.02)
    assert agreement.slope_on_truth(one, other) == pytest.approx(0.8, abs=0.02)
    assert agreement.slope_on_truth(one, true) == pytest.approx(1, abs=0.02)


def test_what_cannot_be_told_is_nan():
    """Two patients, or patients who do not differ, have no correlation."""
    few, same = np.array([80.0, 90.0]), np.array([80.0, 80.0, 80.0])

    assert math.isnan(agreement.icc_a1(few, few))
    assert math.isnan(agreement.spearman(same, same))
    assert math.isnan(agreement.slope_on_truth(same, same))
    assert math.isnan(agreement.bias(few[:0], few[:0]))
