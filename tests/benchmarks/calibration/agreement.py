"""How well two measurements of the same patients agree: pure, (n,) arrays in mg/cm3 in, numbers out.

NaN where a figure does not exist: fewer than three patients, or nobody differs from anybody.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Values = NDArray[np.float64]

NORMAL_95: Final = 1.959964
LEAST = 3


def spearman(predicted: Values, truth: Values) -> float:
    """Rank correlation."""
    return _correlation(stats.rankdata(predicted), stats.rankdata(truth))


def pearson(predicted: Values, truth: Values) -> float:
    """Linear correlation."""
    return _correlation(predicted, truth)


def _correlation(one: Values, other: Values) -> float:
    if len(one) < LEAST or np.ptp(one) == 0 or np.ptp(other) == 0:
        return float("nan")
    return float(np.corrcoef(one, other)[0, 1])


def icc_a1(predicted: Values, truth: Values) -> float:
    """ICC(A,1): two-way random, absolute agreement, single measurement (McGraw and Wong 1996, case 2A).

    (MSR - MSE) / (MSR + (k - 1) MSE + k (MSC - MSE) / n) for k = 2 methods and n patients, with the mean
    squares of rows (patients), columns (methods) and error.
    """
    n, k = len(truth), 2
    if n < LEAST:
        return float("nan")
    table = np.column_stack((predicted, truth))
    grand, rows, columns = table.mean(), table.mean(axis=1), table.mean(axis=0)
    of_rows = k * ((rows - grand) ** 2).sum() / (n - 1)
    of_columns = n * ((columns - grand) ** 2).sum() / (k - 1)
    residual = table - rows[:, None] - columns[None] + grand
    of_error = (residual**2).sum() / ((n - 1) * (k - 1))
    whole = of_rows + (k - 1) * of_error + k * (of_columns - of_error) / n
    return float((of_rows - of_error) / whole) if whole > 0 else float("nan")


def bias(predicted: Values, truth: Values) -> float:
    """Mean of predicted minus true."""
    return float((predicted - truth).mean()) if len(truth) else float("nan")


def limits_half_width(predicted: Values, truth: Values) -> float:
    """Half the width of the 95 % limits of agreement (Bland and Altman 1986): they are bias +- this."""
    if len(truth) < LEAST:
        return float("nan")
    return float(NORMAL_95 * (predicted - truth).std(ddof=1))


def root_mean_square(predicted: Values, truth: Values) -> float:
    """Root mean square of predicted minus true."""
    return float(np.sqrt(((predicted - truth) ** 2).mean())) if len(truth) else float("nan")


def slope_on_truth(predicted: Values, truth: Values) -> float:
    """Ordinary least squares of predicted on truth: unbiased where the truth is exact, as in simulation."""
    if len(truth) < LEAST or np.ptp(truth) == 0:
        return float("nan")
    (_, xy), (_, xx) = np.cov(predicted, truth)
    return float(xy / xx)


def deming_slope(one: Values, other: Values) -> float:
    """Slope of `one` on `other` where both have an error of the same size (Deming, ratio 1)."""
    if len(one) < LEAST or np.ptp(other) == 0:
        return float("nan")
    (yy, xy), (_, xx) = np.cov(one, other)
    if xy == 0:
        return float("nan")
    return float((yy - xx + np.sqrt((yy - xx) ** 2 + 4 * xy**2)) / (2 * xy))
