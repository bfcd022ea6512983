"""`python -m tests.benchmarks.calibration.tiers`: both tiers of the simulator side by side.

The fast tier draws HU from the slope tables; the other projects and reconstructs what the patient is
made of. Differences are tier 2 (drawn) less tier 1 (projected). Writes
tests/benchmarks/results/calibration_tiers.json; a run that was stopped goes on where it stopped.
"""

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
    package = Path(models.__file__).parent
    digest = code_digest([package / "digital_patient", package / "hu_calibration", Path(__file__).parent])
    file = WORK / f"tiers-{digest[:8]}.jsonl"
    file.parent.mkdir(parents=True, exist_ok=True)
    known = {line["seed"]: line for line in read_lines(file)}
    missing = [case for case in CASES if case.seed not in known]
    for case in track(missing, "projecting", console=console):
        known[case.seed] = read_case(case, projector_for(case))
        append_line(file, known[case.seed])
    return [_rounded(known[case.seed]) for case in CASES]


def summary(lines: list[Line]) -> dict[str, Any]:
    """Mean, SD and largest difference of each column, and the water path beyond Dw by region."""
    columns: dict[str, list[float]] = {
        f"{name}_hu": [line["drawn_hu"][name] - line["projected_hu"][name] for line in lines]
        for name in ("core", "fat", "muscle", "blood")
    }
    columns["slope_percent"] = [100 * (line["slope_drawn"] / line["slope_local"] - 1) for line in lines]
    columns["insert_slope_percent"] = [100 * (line["slope_insert"] / line["slope_local"] - 1) for line in lines]
    columns["bone_less_truth_mg_cm3"] = [line["bone_reads_mg_cm3"] - line["vbmd_level"] for line in lines]
    for level in ("L1", "T8"):
        columns[f"path_beyond_dw_cm_{level}"] = [
            line["path_of_projected_slope_cm"] - line["water_equivalent_diameter_cm"]
            for line in lines
            if line["level"] == level
        ]
    return {
        name: {"mean": round(float(np.mean(each)), 2), "sd": round(float(np.std(each, ddof=1)), 2),
               "from": round(min(each), 2), "to": round(max(each), 2)}
        for name, each in columns.items()
    }  # fmt: skip


def table_of(lines: list[Line]) -> Table:
    """A row for each case."""
    table = Table(title="tier 2 (drawn) beside tier 1 (projected)")
    for heading in ("kVp", "filter", "level", "Dw cm", "truth", "core HU 1 | 2", "fat", "muscle", "blood",
                    "slope 1 | 2", "path - Dw cm"):  # fmt: skip
        table.add_column(heading, justify="right")
    for line in lines:
        beyond = line["path_of_projected_slope_cm"] - line["water_equivalent_diameter_cm"]
        both = {
            name: f"{line['projected_hu'][name]:.0f} | {line['drawn_hu'][name]:.0f}" for name in line["projected_hu"]
        }
        table.add_row(
            f"{line['kvp']:.0f}", line["filtration"], line["level"], f"{line['water_equivalent_diameter_cm']:.1f}",
            f"{line['truth_mg_cm3']:.0f}", both["core"], both["fat"], both["muscle"], both["blood"],
            f"{line['slope_local']:.3f} | {line['slope_drawn']:.3f}", f"{beyond:.1f}",
        )  # fmt: skip
    return table


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _rounded(each) for name, each in value.items()}
    return round(value, 4) if isinstance(value, float) else value


def main() -> None:
    """Run, print, keep."""
    console = Console()
    lines = run(console)
    console.print(table_of(lines))
    figures = summary(lines)
    for name, figure in figures.items():
        console.print(
            f"{name}: {figure['mean']:+.2f}, SD {figure['sd']:.2f}, {figure['from']:+.2f} to {figure['to']:+.2f}"
        )
    origin = provenance([Path(sys.executable).name, "-m", "tests.benchmarks.calibration.tiers"], Path(__file__).parent)
    keep(RESULTS, "tiers", {"summary": figures, "cases": lines}, origin, order=("tiers",))


if __name__ == "__main__":
    main()
