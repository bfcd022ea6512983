"""What reality looks like: 17 people measured with a phantom and without one, by somebody else's method.

Published vBMD of VerSe 2019 patients (CC BY-SA; read where it lies, not copied). Another phantomless method, most scans
with contrast, one vertebra each: no measure of ours, a measure of how far real numbers lie apart.
"""

import csv
from pathlib import Path
from typing import Any, Final

import numpy as np

from tests.benchmarks.calibration import agreement, detection
from tests.benchmarks.calibration.agreement import Values
from tests.benchmarks.calibration.bootstrap import intervals95

FILE: Final = Path(__file__).parents[4] / "shared" / "calibration" / "verse19_reference_vbmd.csv"
PHANTOM, PHANTOMLESS = "Phantom Calibration vBMD [mg/cc]", "Phantomless Calibration vBMD [mg/cc]"
CONTRAST, WITHOUT = "Contrast Enhancement", "ce-no"


def read_pairs(file: Path = FILE) -> list[dict[str, Any]]:
    """Rows that have both values, mg/cm3."""
    with file.open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row[PHANTOM] and row[PHANTOMLESS]]
    return [
        {"phantom": float(row[PHANTOM]), "phantomless": float(row[PHANTOMLESS]), "contrast": row[CONTRAST] != WITHOUT}
        for row in rows
    ]


def record_of(pairs: list[dict[str, Any]]) -> dict[str, Any]:
    """Figures of phantomless against phantom, all and unenhanced alone; both have errors, hence the Deming slope."""
    groups = {"all": pairs, "unenhanced": [pair for pair in pairs if not pair["contrast"]]}
    return {name: _figures(rows) for name, rows in groups.items()}


def _figures(rows: list[dict[str, Any]]) -> dict[str, Any]:
    values = np.array([[row["phantomless"], row["phantom"]] for row in rows])
    names = np.arange(len(rows))
    bounds = intervals95(lambda at: _point(*values[at].T), names)
    return {
        "pairs": len(rows),
        **{
            name: {"value": round(value, 3), "ci95": [round(end, 3) for end in bounds[name]]}
            for name, value in _point(*values.T).items()
        },
    }


def _point(phantomless: Values, phantom: Values) -> dict[str, float]:
    return {
        "spearman": agreement.spearman(phantomless, phantom),
        "icc_a1": agreement.icc_a1(phantomless, phantom),
        "bias": agreement.bias(phantomless, phantom),
        "limits_half_width": agreement.limits_half_width(phantomless, phantom),
        "deming_slope": agreement.deming_slope(phantomless, phantom),
        "auc": detection.auc(phantomless, phantom),
    }
