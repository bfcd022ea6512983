"""A line between two measurements that both err: Deming regression with jackknife standard deviations.

Least squares takes x for exact and flattens the slope by the share of error in x; that would
compress the scale towards the mean, where osteoporosis is lost. Here the ratio of the error
variances is stated and the line fits both:

    slope = (Syy - r Sxx + sqrt((Syy - r Sxx)^2 + 4 r Sxy^2)) / (2 Sxy),  r = var(error of y) / var(error of x)

(Linnet 1990, Statistics in Medicine 9:1463; jackknife as there.)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class DemingLine:
    """y = intercept + slope * x."""

    slope: float
    slope_sd: float
    intercept: float
    intercept_sd: float
    residual_sd: float
    """Of y about the line, the errors of both together."""
    correlation: float


def deming(x: Sequence[float], y: Sequence[float], error_variance_ratio: float) -> DemingLine:
    """Fit; `error_variance_ratio` is var(error of y) / var(error of x).

    Raises ValueError for fewer than three pairs, values that are not finite, or no association.
    """
    xs, ys = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if xs.shape != ys.shape or xs.ndim != 1 or xs.size < 3 or not (np.isfinite(xs).all() and np.isfinite(ys).all()):
        msg = "Deming regression needs three or more pairs of finite numbers"
        raise ValueError(msg)
    if not error_variance_ratio > 0:
        msg = f"the ratio of error variances must be positive, got {error_variance_ratio:g}"
        raise ValueError(msg)
    count = xs.size
    slope, intercept = (float(each[0]) for each in _lines(xs[None], ys[None], error_variance_ratio))
    without_one = ~np.eye(count, dtype=bool)
    slopes, intercepts = _lines(_left_out(xs, without_one), _left_out(ys, without_one), error_variance_ratio)
    residuals = ys - intercept - slope * xs
    return DemingLine(
        slope=slope,
        slope_sd=_jackknife_sd(slopes),
        intercept=intercept,
        intercept_sd=_jackknife_sd(intercepts),
        residual_sd=sqrt(float(residuals @ residuals) / (count - 2)),
        correlation=float(np.corrcoef(xs, ys)[0, 1]),
    )


def _left_out(values: Values, kept: NDArray[np.bool_]) -> Values:
    """Each row all values but one."""
    return np.broadcast_to(values, kept.shape)[kept].reshape(values.size, values.size - 1)


def _lines(x: Values, y: Values, ratio: float) -> tuple[Values, Values]:
    """Slope and intercept of each row."""
    dx, dy = x - x.mean(1, keepdims=True), y - y.mean(1, keepdims=True)
    sxx, syy, sxy = (dx * dx).sum(1), (dy * dy).sum(1), (dx * dy).sum(1)
    if not np.all(sxy != 0):
        msg = "the two measurements are not associated"
        raise ValueError(msg)
    difference = syy - ratio * sxx
    slope = (difference + np.sqrt(difference**2 + 4 * ratio * sxy**2)) / (2 * sxy)
    return slope, y.mean(1) - slope * x.mean(1)


def _jackknife_sd(estimates: Values) -> float:
    """Standard deviation of an estimate from those with one pair left out."""
    count = estimates.size
    return sqrt((count - 1) / count * float(((estimates - estimates.mean()) ** 2).sum()))
