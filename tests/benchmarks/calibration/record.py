"""One cohort, every method: what is kept of it. All figures, by tube voltage, size, levels and scanner."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cds.bone.level_conversion import SUBSTITUTES, TARGET
from tests.benchmarks.calibration import intervals
from tests.benchmarks.calibration.answers import Answers
from tests.benchmarks.calibration.figures import figures_of
from tests.benchmarks.calibration.methods import THIS
from tests.benchmarks.calibration.observation import Case

Record = dict[str, Any]
SIZE_BANDS_CM = (25.0, 30.0)
BOTH = "1: L1 and L2"
DRAWS, DRAWS_OF_PART = 500, 200
LEAST_IN_PART = 20


def record_of(cases: Sequence[Case], answers: Mapping[str, Answers]) -> Record:
    """Figures of each method in all and in each part."""
    return {
        "patients": len(cases),
        "natural": sum(1 for case in cases if not case.enriched),
        "scanners": len({case.scanner for case in cases}),
        "methods": {name: figures_of(each, draws=DRAWS) for name, each in answers.items()},
        "by_kvp": _parts(answers, np.array([f"{case.observation.kvp:g} kVp" for case in cases]), _first_number),
        "by_size": _parts(answers, np.array([size_band(case) for case in cases]), str),
        "by_levels": _parts(answers, np.array([levels_band(case) for case in cases]), str),
        "by_scanner": by_scanner(answers[THIS]),
    }


def size_band(case: Case) -> str:
    """Of the water-equivalent diameter."""
    low, high = SIZE_BANDS_CM
    size_cm = case.observation.water_equivalent_diameter_cm
    if size_cm < low:
        return f"1: Dw below {low:g} cm"
    return f"2: Dw {low:g} to {high:g} cm" if size_cm < high else f"3: Dw {high:g} cm and more"


def levels_band(case: Case) -> str:
    """Of the vertebrae that made the result: how far they are from L1 and L2, whose mean is the truth."""
    used = {level.level for level in case.observation.levels}
    target = len(used & set(TARGET))
    if target == len(TARGET):
        return BOTH
    if target:
        return "2: L1 or L2, perhaps with a neighbour"
    return "3: T12 or L3" if used & set(SUBSTITUTES) else "4: T7 to T11" if used else "5: none"


def _first_number(name: str) -> float:
    return float(name.split(maxsplit=1)[0])


def _parts(answers: Mapping[str, Answers], names: NDArray[Any], order: Callable[[str], Any]) -> Record:
    """Figures of every method in every named part of at least twenty patients."""
    found: Record = {}
    for name in sorted(set(names.tolist()), key=order):
        own = names == name
        if own.sum() >= LEAST_IN_PART:
            found[name] = {method: figures_of(each.at(own), draws=DRAWS_OF_PART) for method, each in answers.items()}
    return found


def by_scanner(answers: Answers) -> list[Record]:
    """Coverage and bias in each scanner of at least twenty patients; empty where patients share none."""
    found = []
    for name in dict.fromkeys(answers.groups.tolist()):
        own = answers.at((answers.groups == name) & np.isfinite(answers.low))
        if len(own) >= LEAST_IN_PART:
            found.append(
                {
                    "scanner": name,
                    "patients": len(own),
                    "coverage": round(intervals.coverage(own.low, own.high, own.truth), 4),
                    "bias": round(float((own.predicted - own.truth).mean()), 2),
                }
            )
    return found
