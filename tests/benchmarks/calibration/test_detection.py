import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.benchmarks.calibration.detection import auc, sensitivity, specificity

VBMD = st.integers(40, 160).map(float)
COHORTS = st.lists(st.tuples(VBMD, VBMD), min_size=2, max_size=12).map(lambda rows: np.array(rows).T)


@given(COHORTS)
def test_auc_counts_pairs(cohort):
    """Brute force over all pairs of one below 80 and one who is not; ties count half."""
    predicted, truth = cohort
    ill, well = predicted[truth < 80], predicted[truth >= 80]
    if not len(ill) or not len(well):
        assert math.isnan(auc(predicted, truth))
        return

    pairs = [1.0 if a < b else 0.5 if a == b else 0.0 for a in ill for b in well]
    assert auc(predicted, truth) == pytest.approx(np.mean(pairs))


@given(COHORTS)
def test_auc_sees_ranks_only(cohort):
    """A rising function of the value changes nothing; a falling one turns it round."""
    predicted, truth = cohort
    if not 0 < (truth < 80).sum() < len(truth):
        return

    assert auc(np.exp(predicted / 100), truth) == pytest.approx(auc(predicted, truth))
    assert auc(-predicted, truth) == pytest.approx(1 - auc(predicted, truth))


def test_who_was_not_assessed_was_not_found():
    """Of four below 80 one is found, one missed, one indeterminate and one refused: a quarter."""
    truth = np.array([70.0, 70, 70, 70, 100, 100])
    found = np.array([True, False, False, False, True, False])

    assert sensitivity(found, truth) == 0.25


def test_a_refusal_is_no_merit():
    """Specificity is of those with a value; a refused patient above 80 does not raise it."""
    truth = np.array([70.0, 100, 100, 100])
    found = np.array([True, True, False, False])
    assessed = np.array([True, True, True, False])

    assert specificity(found, assessed, truth) == 0.5
