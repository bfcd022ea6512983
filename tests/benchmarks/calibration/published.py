"""The reference study's row (Zhao et al. 2024), as published; never comparable with a simulated cohort."""

from typing import Final

NAME: Final = "Zhao 2024, published"
FIGURES: Final = {
    "patients": "985/421",
    "spearman": ".957/.955",
    "icc_a1": ".946/.945",
    "auc": ".986/.975",
    "sensitivity": "47.5/42.1 %",
    "specificity": "100 %",
}

CAPTION: Final = (
    "The published row is not comparable: it was judged against QCT, which errs itself, on real patients; here the "
    "truth is simulated and exact. The simulated cohort and the slope tables share their physics, so that agreement "
    "proves the arithmetic and the statistics, not the physics; biology and scanners are drawn from other "
    "distributions than the estimator assumes. The projection tier, built by other means, is reported separately. "
    "Nothing here was validated against QCT of patients."
)
