"""What was asked for (design.md, "Numbers to reach") beside what was measured. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from tests.benchmarks.calibration.methods import THIS
from tests.benchmarks.calibration.record import BOTH
from tests.benchmarks.target_lines import Line, line_of

Record = Mapping[str, Any]
COHORTS: Final = {"with_images": "whole pipeline", "without_images": "without images"}

BOUNDS: Final = (
    ("spearman", "Spearman r", 0.98, None),
    ("icc_a1", "ICC(A,1)", 0.975, None),
    ("auc", "AUC of below 80", 0.99, None),
    ("bias", "bias, mg/cm3", -1.0, 1.0),
    ("bias_below_100", "bias below 100, mg/cm3", -2.0, 2.0),
    ("slope", "slope on truth", 0.98, 1.02),
    ("slope_below_100", "slope on truth below 100", 0.97, 1.03),
    ("limits_half_width", "95 % limits of agreement, +- mg/cm3", None, 8.0),
    ("limits_half_width", "95 % limits of agreement, at most +- mg/cm3", None, 10.0),
    ("sensitivity", "sensitivity at 80 mg/cm3, all below it", 0.90, None),
    ("specificity", "specificity at 80 mg/cm3", 0.985, None),
)
LEAST_P: Final = 0.05
MOST_OFF: Final = 0.05
LEAST_COVERAGE: Final = 0.85


def lines(results: Record) -> list[Line]:
    """Every target, and the figures that belong beside them."""
    found: list[Line] = []
    for part, told in COHORTS.items():
        states = (results.get(part) or {}).get("states", {})
        found += _documented(told, states.get("documented"))
        found += _unknown(told, states.get("unknown"))
    found += _reliable((results.get("without_images") or {}).get("reliability"))
    return found


def _documented(told: str, state: Record | None) -> Iterator[Line]:
    own = None if state is None else state["methods"][THIS]
    for name, what, least, most in BOUNDS:
        yield _figure(f"{told}, scanner documented: {what}", own and own[name], least, most)
    if state is not None and BOTH in state.get("by_levels", {}) and told == COHORTS["with_images"]:
        whole = state["by_levels"][BOTH][THIS]
        for name, what, least, most in BOUNDS:
            yield _figure(f"{told}, documented, L1 and L2 both used: {what}", whole[name], least, most)
    what = f"{told}, scanner documented: interval coverage agrees with 95 % (binomial p)"
    if own is None or own["coverage_p"] is None:
        yield line_of(what, None, least=LEAST_P)
        return
    line = line_of(what, own["coverage_p"], least=LEAST_P)
    shared = f"; {own['groups']} scanners shared" if own["groups"] < own["patients"] else ""
    measured = f"{line.measured}; coverage {100 * own['coverage']['value']:.1f} %{shared}"
    yield Line(what, line.target, measured, line.met)
    yield _shares(told, "documented", own)


def _shares(told: str, scanner: str, own: Record) -> Line:
    """Who was not told anything firm."""
    measured = f"{100 * own['not_assessable']:.1f} % and {100 * own['indeterminate']:.1f} % of {own['patients']}"
    return Line(f"{told}, scanner {scanner}: not assessable, indeterminate", "-", measured, None)


def _figure(what: str, found: Record | None, least: float | None, most: float | None) -> Line:
    line = line_of(what, None if found is None else found["value"], least=least, most=most)
    if found is None or found["value"] is None:
        return line
    low, high = found["ci95"]
    return Line(what, line.target, f"{line.measured} ({low:.3g} to {high:.3g})", line.met)


def _unknown(told: str, state: Record | None) -> Iterator[Line]:
    """Coverage only: what an unknown scanner does to the value is reported, not bounded."""
    what = f"{told}, scanner unknown: coverage"
    if state is None:
        yield line_of(f"{what} in each scanner, least", None, least=LEAST_COVERAGE)
        return
    own = state["methods"][THIS]
    yield _figure(f"{what} over all", own["coverage"], None, None)
    yield _least(f"{what} in each scanner, least", state["by_scanner"])
    parts = [
        {"coverage": part[THIS]["coverage"]["value"]}
        for split in ("by_kvp", "by_size")
        for part in state[split].values()
        if part[THIS]["coverage"]["value"] is not None
    ]
    yield _least(f"{what} in each tube voltage and size, least", parts)
    yield _shares(told, "unknown", own)


def _least(what: str, rows: Sequence[Record]) -> Line:
    if not rows:
        return line_of(what, None, least=LEAST_COVERAGE)
    values = [row["coverage"] for row in rows]
    line = line_of(what, min(values), least=LEAST_COVERAGE)
    below = sum(1 for value in values if value < LEAST_COVERAGE)
    return Line(what, line.target, f"{line.measured}; {below} of {len(values)} below", line.met)


def _reliable(found: Record | None) -> Iterator[Line]:
    """A tenth that is off by more than 0.05 is a miss, whether or not chance explains it; how sure is told."""
    for prior in ("no norm named", "a norm that fits"):
        what = f"without images, scanner documented: probability off per tenth, most ({prior})"
        if found is None:
            yield line_of(what, None, most=MOST_OFF)
            continue
        worst = max(found[prior], key=lambda tenth: abs(tenth["observed"] - tenth["mean_told"]))
        line = line_of(what, abs(worst["observed"] - worst["mean_told"]), most=MOST_OFF)
        low, high = worst["observed_ci95"]
        told = f"told {worst['mean_told']:.2f}, observed {worst['observed']:.2f} ({low:.2f} to {high:.2f})"
        yield Line(what, line.target, f"{line.measured}; {told}, {worst['count']} patients", line.met)
