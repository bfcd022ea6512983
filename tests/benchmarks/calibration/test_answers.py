import numpy as np
import pytest

from tests.benchmarks.calibration.answers import Answers
from tests.benchmarks.calibration.figures import figures_of


def _row(truth, predicted, *, found=False, indeterminate=False):
    return {
        "truth": truth,
        "predicted": predicted,
        "low": None if predicted is None else predicted - 8,
        "high": None if predicted is None else predicted + 8,
        "probability": None,
        "found": found,
        "indeterminate": indeterminate,
        "groups": str(truth),
    }


def test_who_has_no_value_is_counted_and_compared_with_nothing():
    """Agreement is of those with a value, sensitivity of all, and the share of both is told."""
    rows = [_row(60, 62, found=True), _row(70, None), _row(75, 85, indeterminate=True), _row(100, 99), _row(130, 133)]
    figures = figures_of(Answers.of_rows(rows), draws=20)

    assert figures["bias"]["value"] == pytest.approx((2 + 10 - 1 + 3) / 4)
    assert figures["sensitivity"]["value"] == pytest.approx(1 / 3, abs=1e-4)
    assert (figures["not_assessable"], figures["indeterminate"]) == (0.2, 0.2)
    assert figures["coverage"]["value"] == 0.75
    assert figures["rmse_below_100"]["value"] == pytest.approx(np.sqrt((4 + 100) / 2), abs=1e-4)


def test_nobody_is_found_without_a_value():
    """A contradiction is refused where it is made."""
    with pytest.raises(ValueError, match="cannot be found"):
        Answers.of_rows([_row(60, None, found=True)])


def test_a_figure_that_does_not_exist_is_none():
    """Nobody below 80: no sensitivity, no AUC, and JSON that others can read."""
    figures = figures_of(Answers.of_rows([_row(100, 99), _row(110, 112), _row(130, 133)]), draws=20)

    assert figures["sensitivity"] == {"value": None, "ci95": [None, None]}
    assert figures["auc"]["value"] is None
