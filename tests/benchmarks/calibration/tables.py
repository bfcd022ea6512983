"""The results as tables for people."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from rich.table import Table

from tests.benchmarks.calibration import published
from tests.benchmarks.calibration.methods import THIS
from tests.benchmarks.calibration.targets import COHORTS, lines
from tests.benchmarks.calibration.tiers import summary_table
from tests.benchmarks.target_lines import target_table

Record = Mapping[str, Any]

COLUMNS: Final = (
    ("spearman", "Spearman r", 3),
    ("pearson", "Pearson r", 3),
    ("icc_a1", "ICC(A,1)", 3),
    ("bias", "bias", 1),
    ("limits_half_width", "95 % limits +-", 1),
    ("slope", "slope (OLS on truth)", 3),
    ("auc", "AUC < 80", 3),
    ("sensitivity", "sensitivity", 3),
    ("specificity", "specificity", 3),
    ("coverage", "coverage", 3),
    ("rmse_below_100", "RMSE < 100", 1),
    ("bias_below_100", "bias < 100", 1),
)
SHORT: Final = (
    "icc_a1",
    "bias",
    "limits_half_width",
    "slope",
    "sensitivity",
    "specificity",
    "coverage",
    "rmse_below_100",
)
SPLITS: Final = (("by_kvp", "tube voltage"), ("by_size", "size"), ("by_levels", "levels used"))
PAIR_COLUMNS: Final = {
    "spearman": "Spearman r",
    "icc_a1": "ICC(A,1)",
    "bias": "bias",
    "limits_half_width": "95 % limits +-",
    "deming_slope": "slope (Deming)",
    "auc": "AUC < 80",
}


def tables_of(results: Record) -> Iterator[Table]:
    """Everything that the results hold; the targets last."""
    for part, told in COHORTS.items():
        for state, found in (results.get(part) or {}).get("states", {}).items():
            title = f"{told}, scanner {state}: {found['natural']} at natural prevalence"
            title += f" and {found['patients'] - found['natural']} more below 80, {_origin(results[part])}"
            yield _methods(found, title)
            for split, name in SPLITS:
                if found.get(split):
                    yield _parts(found[split], f"{told}, scanner {state}, by {name}")
            if found["by_scanner"]:
                yield _scanners(found["by_scanner"], f"{told}, scanner {state}: {THIS}, by scanner")
    if "reliability" in (results.get("without_images") or {}):
        yield from _reliability(results["without_images"]["reliability"])
    if "tiers" in results:
        yield summary_table(results["tiers"]["summary"])
    if "real_pairs" in results:
        yield _real(results["real_pairs"])
    yield target_table(lines(results))


def _origin(part: Record) -> str:
    origin = part["provenance"]
    return f"{origin['date']}, commit {origin['commit']}"


def _methods(found: Record, title: str) -> Table:
    """One row a method, the published row last."""
    table = Table("method", *(name for _, name, _ in COLUMNS), "not assessable", "indeterminate", title=title)
    table.caption = published.CAPTION
    for name, figures in found["methods"].items():
        cells = [_with_interval(figures[key], digits) for key, _, digits in COLUMNS]
        table.add_row(name, *cells, _percent(figures["not_assessable"]), _percent(figures["indeterminate"]))
    table.add_section()
    row = (published.FIGURES.get(key, "") for key, _, _ in COLUMNS)
    table.add_row(f"[dim]{published.NAME}, not comparable[/]", *row, "", "")
    return table


def _parts(parts: Record, title: str) -> Table:
    columns = [(key, name, digits) for key, name, digits in COLUMNS if key in SHORT]
    table = Table("part", "method", "patients", "below 80", *(name for _, name, _ in columns), title=title)
    for part, methods in parts.items():
        for name, figures in methods.items():
            cells = [_with_interval(figures[key], digits) for key, _, digits in columns]
            table.add_row(part, name, str(figures["patients"]), str(figures["below_80"]), *cells)
        table.add_section()
    return table


def _scanners(rows: list[Record], title: str) -> Table:
    table = Table("scanner", "patients", "bias", "coverage", title=title)
    for row in sorted(rows, key=lambda each: each["coverage"]):
        table.add_row(row["scanner"], str(row["patients"]), f"{row['bias']:+.1f}", f"{row['coverage']:.3f}")
    return table


def _reliability(found: Record) -> Iterator[Table]:
    for prior in ("no norm named", "a norm that fits"):
        title = f"probability of the osteoporosis range, {found['patients']} patients at natural prevalence, {prior}"
        table = Table("told from", "patients", "told, mean", "observed below 80", "95 %", "off", title=title)
        for tenth in found[prior]:
            low, high = tenth["observed_ci95"]
            table.add_row(
                f"{tenth['told_from']:.1f}",
                str(tenth["count"]),
                f"{tenth['mean_told']:.3f}",
                f"{tenth['observed']:.3f}",
                f"{low:.3f} to {high:.3f}",
                f"{tenth['observed'] - tenth['mean_told']:+.3f}",
            )
        yield table


def _real(found: Record) -> Table:
    title = "what reality looks like: phantomless against phantom in real patients, another method (VerSe 2019)"
    table = Table("group", "pairs", *PAIR_COLUMNS.values(), title=title)
    for name in ("all", "unenhanced"):
        figures = found[name]
        table.add_row(name, str(figures["pairs"]), *(_with_interval(figures[key], 2) for key in PAIR_COLUMNS))
    return table


def _with_interval(found: Record, digits: int) -> str:
    if found["value"] is None:
        return "-"
    low, high = found["ci95"]
    return f"{found['value']:.{digits}f}\n[dim]{low:.{digits}f} to {high:.{digits}f}[/]"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"
