"""`python -m tests.benchmarks.calibration.tiers`: both tiers of the simulator side by side.

The fast tier draws HU from the slope tables; the other projects and reconstructs what the patient is
made of. Differences are drawn less projected. Writes
tests/benchmarks/results/calibration_tiers.json; a run that was stopped goes on where it stopped.
"""

import hashlib
import sys
from pathlib import Path
from typing import Any, Final

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

import models
from models.digital_patient.projected import Projector
from tests.benchmarks.calibration.tier_cases import CASES, TierCase
from tests.benchmarks.calibration.tier_reading import read_case
from tests.benchmarks.case_lines import append_line, code_digest, read_lines
from tests.benchmarks.provenance import provenance
from tests.benchmarks.results_file import FOLDER, keep

WORK: Final = Path("build/bench-calibration")
RESULTS: Final = FOLDER / "calibration_tiers.json"
WIDE_MM, WIDE_PIXEL_MM, PIXEL_MM = 26.0, 1.45, 1.3
Line = dict[str, Any]


def projector_for(case: TierCase) -> Projector:
    """384 x 384 pixels and 540 views without noise; stout patients need a wider field."""
    return Projector(
        kvp=case.kvp, filtration=case.filtration, pixel_mm=WIDE_PIXEL_MM if case.fat_mm > WIDE_MM else PIXEL_MM
    )


def run(console: Console) -> list[Line]:
    """Every case, those of earlier runs of the same code included."""
    file = WORK / f"tiers-{_digest()}.jsonl"
    file.parent.mkdir(parents=True, exist_ok=True)
    known = {line["seed"]: line for line in read_lines(file)}
    missing = [case for case in CASES if case.seed not in known]
    for case in track(missing, "projecting", console=console):
        known[case.seed] = read_case(case, projector_for(case))
        append_line(file, known[case.seed])
    return [_rounded(known[case.seed]) for case in CASES]


def _digest() -> str:
    """Of the simulator and of what reads it, not of what prints."""
    package, here = Path(models.__file__).parent, Path(__file__).parent
    digest = hashlib.sha256(code_digest([package / "digital_patient", package / "hu_calibration"]).encode())
    for name in ("tier_cases.py", "tier_reading.py"):
        digest.update((here / name).read_bytes())
    return digest.hexdigest()[:8]


def columns_of(line: Line) -> dict[str, float]:
    """What one case says of the two tiers."""
    core_reads = line["truth_mg_cm3"] - line["vbmd_level"] + line["bone_reads_mg_cm3"]
    return {
        **{f"{name}_hu": hu - line["projected_hu"][name] for name, hu in line["drawn_hu"].items()},
        "slope_percent": 100 * (line["slope_drawn"] / line["slope_local"] - 1),
        "insert_slope_percent": 100 * (line["slope_insert"] / line["slope_local"] - 1),
        "bone_less_truth_mg_cm3": line["bone_reads_mg_cm3"] - line["vbmd_level"],
        "offset_at_core_hu": line["projected_hu"]["core"] - line["slope_local"] * core_reads,
        "path_beyond_dw_cm": line["path_of_projected_slope_cm"] - line["water_equivalent_diameter_cm"],
    }


def summary(lines: list[Line]) -> dict[str, dict[str, dict[str, float]]]:
    """Mean, SD and range of each column: of all cases, by region, by voltage."""
    groups = {"all": lines}
    groups |= {level: [line for line in lines if line["level"] == level] for level in ("L1", "T8")}
    groups |= {f"{kvp:.0f} kVp": [line for line in lines if line["kvp"] == kvp] for kvp in (80, 100, 120, 140)}
    return {group: _figures(own) for group, own in groups.items()}


def _figures(lines: list[Line]) -> dict[str, dict[str, float]]:
    rows = [columns_of(line) for line in lines]
    found = {}
    for name in rows[0]:
        values = np.array([row[name] for row in rows])
        numbers = {"mean": values.mean(), "sd": values.std(ddof=1), "from": values.min(), "to": values.max()}
        found[name] = {what: round(float(number), 2) for what, number in numbers.items()}
    return found


def case_table(lines: list[Line]) -> Table:
    """A row for each case, projected before drawn."""
    table = Table(title="projected | drawn", padding=(0, 0), pad_edge=False)
    for heading in ("kVp", "filter", "level", "Dw cm", "truth", "core", "fat", "muscle", "blood", "slope"):
        table.add_column(heading, justify="right", no_wrap=True)
    for line in lines:
        both = [f"{hu:.0f}|{line['drawn_hu'][name]:.0f}" for name, hu in line["projected_hu"].items()]
        diameter, truth = line["water_equivalent_diameter_cm"], line["truth_mg_cm3"]
        slopes = f"{line['slope_local']:.2f}|{line['slope_drawn']:.2f}"
        table.add_row(
            f"{line['kvp']:.0f}", line["filtration"], line["level"], f"{diameter:.1f}", f"{truth:.0f}", *both, slopes
        )
    return table


def summary_table(figures: dict[str, dict[str, dict[str, float]]]) -> Table:
    """Mean and SD of each column, a column for each group."""
    table = Table(title="drawn less projected, and more: mean (SD)", padding=(0, 0), pad_edge=False)
    for heading in ("", *figures):
        table.add_column(heading, justify="right", no_wrap=True)
    for name in figures["all"]:
        cells = [f"{own[name]['mean']:+.1f} ({own[name]['sd']:.1f})" for own in figures.values()]
        table.add_row(name, *cells)
    return table


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(each) for name, each in value.items()}
    return round(value, 4) if isinstance(value, float) else value


def main() -> None:
    """Run, print, keep."""
    console = Console()
    lines = run(console)
    figures = summary(lines)
    console.print(case_table(lines))
    console.print(summary_table(figures))
    origin = provenance([Path(sys.executable).name, "-m", "tests.benchmarks.calibration.tiers"], Path(__file__).parent)
    keep(RESULTS, "tiers", {"summary": figures, "cases": lines}, origin, order=("tiers",))


if __name__ == "__main__":
    main()
