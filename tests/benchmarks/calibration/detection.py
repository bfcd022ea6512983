"""How well patients below 80 mg/cm3 are told from the others: pure, arrays in, numbers out; NaN where nobody counts."""

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from cds.bone.category import OSTEOPOROSIS_BELOW_MG_CM3
from tests.benchmarks.calibration.agreement import Values

Flags = NDArray[np.bool_]


def truly_below(truth: Values) -> Flags:
    """Who lies in the osteoporosis range."""
    return truth < OSTEOPOROSIS_BELOW_MG_CM3


def auc(predicted: Values, truth: Values) -> float:
    """Probability that a patient below 80 reads lower than one who is not; ties count half (Mann-Whitney)."""
    below = truly_below(truth)
    ill, well = int(below.sum()), int((~below).sum())
    if not ill or not well:
        return float("nan")
    ranks = stats.rankdata(-predicted)
    return float((ranks[below].sum() - ill * (ill + 1) / 2) / (ill * well))


def sensitivity(found: Flags, truth: Values) -> float:
    """Share of those below 80 that were found.

    Indeterminate and not assessable are not found: they stay in the denominator.
    """
    below = truly_below(truth)
    return float(found[below].mean()) if below.any() else float("nan")


def specificity(found: Flags, assessed: Flags, truth: Values) -> float:
    """Share of the others that were not found, of those with a value: a refusal is no merit."""
    others = ~truly_below(truth) & assessed
    return float((~found[others]).mean()) if others.any() else float("nan")
