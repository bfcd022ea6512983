"""Every method on every patient of a cohort."""

from collections.abc import Sequence

from tests.benchmarks.calibration.answers import Answers
from tests.benchmarks.calibration.methods import Answer, Methods
from tests.benchmarks.calibration.observation import Case

HALVES = 2


def side_by_side(cases: Sequence[Case], methods: Methods) -> dict[str, Answers]:
    """Answers by method. Methods that learn are learned on the other half of the scanners, never on their own."""
    scanners = {name: place for place, name in enumerate(dict.fromkeys(case.scanner for case in cases))}
    half_of = [scanners[case.scanner] % HALVES for case in cases]
    rows: dict[str, list[dict]] = {}
    by_half = [methods([c for c, half in zip(cases, half_of, strict=True) if half != own]) for own in range(HALVES)]
    for case, half in zip(cases, half_of, strict=True):
        for name, method in by_half[half].items():
            rows.setdefault(name, []).append(row_of(case, method(case.observation)))
    return {name: Answers.of_rows(found) for name, found in rows.items()}


def row_of(case: Case, answer: Answer | None) -> dict:
    """One patient as `Answers` wants it."""
    low, high = (None, None) if answer is None or answer.ci95_mg_cm3 is None else answer.ci95_mg_cm3
    return {
        "truth": case.vbmd_mg_cm3,
        "predicted": None if answer is None else answer.vbmd_mg_cm3,
        "low": low,
        "high": high,
        "probability": None if answer is None else answer.probability,
        "found": answer is not None and answer.category == "osteoporosis-range",
        "indeterminate": answer is not None and answer.category == "indeterminate",
        "groups": case.scanner,
    }
