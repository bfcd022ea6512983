"""Deming regression as laws, and against least squares on measurements that both err."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.hu_calibration.deming import deming

seeds = st.integers(0, 10_000)
ratios = st.floats(0.2, 5)


def noisy(seed, count=60, *, slope=1.1, intercept=-4.0, sd_x=5.0, sd_y=4.0):
    """Pairs about a line, both with errors."""
    random = np.random.default_rng(seed)
    truth = random.normal(110, 30, count)
    return truth + random.normal(0, sd_x, count), intercept + slope * truth + random.normal(0, sd_y, count)


@settings(max_examples=50, deadline=None)
@given(st.floats(0.3, 3), st.floats(-50, 50), ratios, seeds)
def test_a_line_without_noise_returns_itself(slope, intercept, ratio, seed):
    """Whatever the ratio of errors."""
    x = np.random.default_rng(seed).uniform(30, 200, 20)
    line = deming(x, intercept + slope * x, ratio)

    assert line.slope == pytest.approx(slope, rel=1e-9)
    assert line.intercept == pytest.approx(intercept, abs=1e-6)
    assert line.slope_sd == pytest.approx(0, abs=1e-8)
    assert line.residual_sd == pytest.approx(0, abs=1e-6)


@settings(max_examples=50, deadline=None)
@given(ratios, seeds)
def test_exchanged_axes_give_the_inverse_line(ratio, seed):
    """With the ratio inverted: neither measurement is preferred."""
    x, y = noisy(seed)
    one, other = deming(x, y, ratio), deming(y, x, 1 / ratio)

    assert other.slope == pytest.approx(1 / one.slope)
    assert other.intercept == pytest.approx(-one.intercept / one.slope)


@settings(max_examples=50, deadline=None)
@given(ratios, seeds, st.floats(0.5, 2), st.floats(-20, 20))
def test_scale_and_shift_of_y_go_through(ratio, seed, factor, shift):
    """Values of y in other units, with its error, is the same line in those units."""
    x, y = noisy(seed)
    line, scaled = deming(x, y, ratio), deming(x, factor * y + shift, ratio * factor**2)

    assert scaled.slope == pytest.approx(factor * line.slope)
    assert scaled.intercept == pytest.approx(factor * line.intercept + shift, abs=1e-6)
    assert scaled.slope_sd == pytest.approx(factor * line.slope_sd, rel=1e-6)


@settings(max_examples=50, deadline=None)
@given(seeds)
def test_the_slope_lies_between_both_least_squares_lines(seed):
    """That of y on x is too flat, x on y too steep."""
    x, y = noisy(seed)
    covariance = np.cov(x, y)
    flat, steep = covariance[0, 1] / covariance[0, 0], covariance[1, 1] / covariance[0, 1]

    assert flat <= deming(x, y, 1.0).slope <= steep


def test_the_true_line_is_found_where_least_squares_flattens_it():
    """300 repetitions of 150 pairs with errors of 8 and 4 mg/cm3: no bias in the slope, jackknife SD within 15 %."""
    found = [deming(*noisy(seed, 150, sd_x=8.0), (4 / 8) ** 2) for seed in range(300)]
    slopes = np.array([line.slope for line in found])
    flattened = np.mean([np.polyfit(*noisy(seed, 150, sd_x=8.0), 1)[0] for seed in range(300)])

    assert slopes.mean() == pytest.approx(1.1, abs=0.006)
    assert flattened < 1.05
    assert np.mean([line.slope_sd for line in found]) == pytest.approx(slopes.std(), rel=0.15)


@pytest.mark.parametrize(
    ("x", "y", "ratio"),
    [
        ([1, 2], [1, 2], 1.0),
        ([1, 2, 3], [1, 2], 1.0),
        ([1, 2, float("nan")], [1, 2, 3], 1.0),
        ([1, 2, 3], [1, 2, 3], 0.0),
        ([1, 2, 3], [5, 5, 5], 1.0),
    ],
)
def test_what_has_no_line_is_refused(x, y, ratio):
    """Too few, unequal, not finite, no ratio, no association."""
    with pytest.raises(ValueError, match=r"pairs|ratio|associated"):
        deming(x, y, ratio)
