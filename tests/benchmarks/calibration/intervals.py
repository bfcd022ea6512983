"""Whether 95 % intervals hold 95 %, and probabilities what they promise. Pure."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy import stats
from scipy.special import betaincinv

from tests.benchmarks.calibration.agreement import Values
from tests.benchmarks.calibration.detection import truly_below

STATED = 0.95
TENTHS = 10
SURE = 0.05


def coverage(low: Values, high: Values, truth: Values) -> float:
    """Share of patients whose truth lies within the interval."""
    return float(((low <= truth) & (truth <= high)).mean()) if len(truth) else float("nan")


def agrees_with_95(within: int, count: int) -> float:
    """Two-sided binomial test of the coverage against 95 %: its p. Patients must be independent."""
    return float(stats.binomtest(within, count, STATED).pvalue)


@dataclass(frozen=True, slots=True)
class Tenth:
    """Patients told a probability within one tenth, and how many were truly below 80."""

    told_from: float
    count: int
    mean_told: float
    observed: float
    observed_ci95: tuple[float, float]

    @property
    def off(self) -> float:
        """Observed minus told."""
        return self.observed - self.mean_told

    def is_off_by_more_than(self, most: float) -> bool | None:
        """True or False where the patients suffice to tell, None where they do not."""
        low, high = (end - self.mean_told for end in self.observed_ci95)
        if low > most or high < -most:
            return True
        return False if -most <= low and high <= most else None

    def as_record(self) -> dict[str, Any]:
        """Plain and rounded."""
        rounded = {key: round(v, 4) if isinstance(v, float) else v for key, v in asdict(self).items()}
        return rounded | {"observed_ci95": [round(end, 4) for end in self.observed_ci95]}


def reliability(told: Values, truth: Values) -> list[Tenth]:
    """Per tenth of the told probability, those tenths that anybody was told."""
    place = np.minimum((told * TENTHS).astype(int), TENTHS - 1)
    below = truly_below(truth)
    found = []
    for tenth in np.unique(place):
        own = place == tenth
        count, ill = int(own.sum()), int(below[own].sum())
        found.append(Tenth(tenth / TENTHS, count, float(told[own].mean()), ill / count, _exact95(ill, count)))
    return found


def _exact95(hits: int, count: int) -> tuple[float, float]:
    """Clopper-Pearson interval of a share."""
    low = betaincinv(hits, count - hits + 1, SURE / 2) if hits else 0.0
    high = betaincinv(hits + 1, count - hits, 1 - SURE / 2) if hits < count else 1.0
    return float(low), float(high)
