"""95 % confidence intervals by resampling: patients, or whole groups of patients that share an error."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.intp]
Figures = Mapping[str, float]

SEED = 80
MIDDLE_95 = (2.5, 97.5)


def intervals95(
    figures_of: Callable[[Indices], Figures], groups: NDArray[Any], *, draws: int = 500
) -> dict[str, tuple[float, float]]:
    """Percentiles of every figure over resampled patients.

    `groups` (n,): one name a patient; as many groups are drawn, with replacement, as there are, each with all of
    its patients. Names that are all different resample patients. Figures that do not exist in a draw are left out
    of it; a figure that exists in none has the interval NaN.
    """
    rng = np.random.default_rng(SEED)
    names, place = np.unique(groups, return_inverse=True)
    order = np.argsort(place, kind="stable")
    members = np.split(order, np.cumsum(np.bincount(place))[:-1])
    found: dict[str, list[float]] = {}
    for _ in range(draws):
        drawn = rng.integers(len(names), size=len(names))
        indices = order[drawn] if len(names) == len(order) else np.concatenate([members[each] for each in drawn])
        for name, value in figures_of(indices).items():
            found.setdefault(name, []).append(value)
    return {name: _middle(np.array(values)) for name, values in found.items()}


def _middle(values: NDArray[np.float64]) -> tuple[float, float]:
    known = values[np.isfinite(values)]
    if not len(known):
        return (float("nan"), float("nan"))
    low, high = np.percentile(known, MIDDLE_95)
    return float(low), float(high)
