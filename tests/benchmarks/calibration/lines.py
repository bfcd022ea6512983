"""Lines through two tissues, with the densities that a phantom gave those tissues in other patients.

    vBMD = a + (HU - HU_a) (b - a) / (HU_b - HU_a)

a and b: K2HPO4 equivalents of the tissues, (HU - phantom's offset) / phantom's slope, averaged over the patients of a
tube voltage; over all where one has fewer than ten.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from tests.benchmarks.calibration.observation import Case, Observation

LineTissue = Literal["fat", "muscle", "blood", "air"]
LEAST_PATIENTS = 10
Density = Callable[[float], float]
"""From HU to mg/cm3."""


@dataclass(frozen=True, slots=True)
class TissueLine:
    """Two tissues and their equivalents by tube voltage; 0 kVp stands for all."""

    tissues: tuple[LineTissue, LineTissue]
    equivalents: Mapping[float, tuple[float, float]]
    lean: bool
    """Read the mode or median of a tissue, not its mean."""

    def density_of_hu(self, seen: Observation) -> Density | None:
        """The line of one scan; None without both tissues."""
        readings = _both(seen, self.tissues, lean=self.lean)
        if readings is None:
            return None
        (first, second), (a, b) = readings, self.equivalents.get(seen.kvp, self.equivalents[0.0])
        return lambda hu: a + (hu - first) * (b - a) / (second - first)


def learned(tissues: tuple[LineTissue, LineTissue], patients: Sequence[Case], *, lean: bool = False) -> TissueLine:
    """Equivalents from patients who lay on a phantom; raises ValueError if none shows both tissues."""
    by_kvp: dict[float, list[tuple[float, float]]] = {}
    for case in patients:
        readings, (slope, offset) = _both(case.observation, tissues, lean=lean), case.phantom
        if readings is not None:
            pair = ((readings[0] - offset) / slope, (readings[1] - offset) / slope)
            by_kvp.setdefault(case.observation.kvp, []).append(pair)
            by_kvp.setdefault(0.0, []).append(pair)
    if not by_kvp:
        raise ValueError(f"no patient shows both {tissues[0]} and {tissues[1]}")
    enough = {kvp: found for kvp, found in by_kvp.items() if len(found) >= LEAST_PATIENTS or kvp == 0.0}
    means = {kvp: (fmean(a for a, _ in found), fmean(b for _, b in found)) for kvp, found in enough.items()}
    return TissueLine(tissues, means, lean)


def _both(seen: Observation, tissues: tuple[LineTissue, LineTissue], *, lean: bool) -> tuple[float, float] | None:
    first, second = getattr(seen, tissues[0]), getattr(seen, tissues[1])
    if first is None or second is None:
        return None
    return (first.hu, second.hu) if lean else (first.mean_hu, second.mean_hu)
