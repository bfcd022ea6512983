"""The columns of the table: every figure of one method on one cohort, with its confidence interval."""

from typing import Any

import numpy as np

from tests.benchmarks.calibration import agreement, detection, intervals
from tests.benchmarks.calibration.answers import Answers
from tests.benchmarks.calibration.bootstrap import intervals95

LOW_BONE_BELOW_MG_CM3 = 100.0
DIGITS = 4


def point_figures(answers: Answers) -> dict[str, float]:
    """Agreement over those with a value, detection over all (see `detection`)."""
    own = answers.at(answers.assessed)
    predicted, truth = own.predicted, own.truth
    low = truth < LOW_BONE_BELOW_MG_CM3
    stated = np.isfinite(own.low)
    return {
        "spearman": agreement.spearman(predicted, truth),
        "pearson": agreement.pearson(predicted, truth),
        "icc_a1": agreement.icc_a1(predicted, truth),
        "bias": agreement.bias(predicted, truth),
        "limits_half_width": agreement.limits_half_width(predicted, truth),
        "slope": agreement.slope_on_truth(predicted, truth),
        "auc": detection.auc(predicted, truth),
        "sensitivity": detection.sensitivity(answers.found, answers.truth),
        "specificity": detection.specificity(answers.found, answers.assessed, answers.truth),
        "coverage": intervals.coverage(own.low[stated], own.high[stated], truth[stated]),
        "rmse_below_100": agreement.root_mean_square(predicted[low], truth[low]),
        "bias_below_100": agreement.bias(predicted[low], truth[low]),
        "slope_below_100": agreement.slope_on_truth(predicted[low], truth[low]),
    }


def figures_of(answers: Answers, *, draws: int = 500) -> dict[str, Any]:
    """Every figure as {"value", "ci95"}, and the counts; None for what does not exist."""
    values = point_figures(answers)
    bounds = intervals95(lambda rows: point_figures(answers.at(rows)), answers.groups, draws=draws)
    return {
        "patients": len(answers),
        "below_80": int(detection.truly_below(answers.truth).sum()),
        "groups": len(np.unique(answers.groups)),
        "not_assessable": _share(~answers.assessed),
        "indeterminate": _share(answers.indeterminate),
        "coverage_p": _coverage_p(answers),
        **{
            name: {"value": _rounded(value), "ci95": [_rounded(end) for end in bounds[name]]}
            for name, value in values.items()
        },
    }


def _coverage_p(answers: Answers) -> float | None:
    """Of the binomial test; None where no interval is stated. Where patients share scanners it is too strict."""
    own = answers.at(np.isfinite(answers.low))
    if not len(own):
        return None
    within = int(((own.low <= own.truth) & (own.truth <= own.high)).sum())
    return _rounded(intervals.agrees_with_95(within, len(own)))


def _share(flags: detection.Flags) -> float | None:
    return _rounded(float(flags.mean())) if len(flags) else None


def _rounded(value: float) -> float | None:
    return round(value, DIGITS) if np.isfinite(value) else None
