"""Tables and coefficient files of a site, that vary one thing."""

import json
from datetime import date
from pathlib import Path

TODAY = date(2026, 6, 1)
RODS = ((0, 2.0), (50, 66.0), (100, 130.0), (150, 194.0), (200, 258.0))
"""Density, HU: 1.28 HU per mg/cm3, 2 HU of offset."""

ROD_FACTS = {
    "manufacturer": "Maker",
    "model": "Scanner 64",
    "station": "CT1",
    "kvp": "120",
    "kernel": "B30f",
    "phantom": "Solutions",
    "date": "2026-03-01",
    "water_equivalent_diameter_cm": "26",
    "basis": "K2HPO4",
}

DOCUMENT = {
    "schema_version": 1,
    "kind": "phantom",
    "scanner": {"manufacturer": "Maker", "model": "Scanner 64", "station": "CT1"},
    "kvp": 120.0,
    "kernels": ["B30f", "B31f"],
    "phantom": "Solutions",
    "basis": "K2HPO4",
    "measured": "2026-03-01",
    "valid_from": "2026-01-01",
    "valid_until": "2027-03-01",
    "slope_factor": 0.95,
    "slope_factor_sd": 0.0095,
    "offset_hu": 3.0,
    "offset_sd_hu": 1.5,
    "rods": 5,
    "residual_sd_hu": 0.8,
    "measured_slope_hu_per_mg_cm3": 1.213,
    "table_slope_hu_per_mg_cm3": 1.277,
    "water_equivalent_diameter_cm": 26.0,
    "rod_position": "centre",
    "source_csv_sha256": "0" * 64,
    "osteocds_version": "0.1.0",
}

FILTRATION = {
    "schema_version": 1,
    "kind": "filtration",
    "scanner": {"manufacturer": "Maker", "model": "Scanner 64"},
    "filtration": "light",
    "source": "data sheet of 2021",
}


def table(path: Path, rows) -> Path:
    """A CSV of dictionaries with the same keys."""
    headings = list(rows[0])
    lines = [headings, *([str(row[heading]) for heading in headings] for row in rows)]
    path.write_text("\n".join(",".join(line) for line in lines) + "\n", encoding="utf-8")
    return path


def rod_rows(rods=RODS, **changes):
    """One row a rod."""
    return [ROD_FACTS | {"rod_density_mg_cm3": str(density), "rod_hu": str(hu)} | changes for density, hu in rods]


def pair_rows(pairs, **changes):
    """One row a patient: our vBMD and QCT."""
    facts = {key: ROD_FACTS[key] for key in ("manufacturer", "model", "station", "kvp", "kernel", "date")}
    return [
        facts | {"phantom": "Mindways", "vbmd_mg_cm3": f"{ours:.2f}", "qct_mg_cm3": f"{qct:.2f}"} | changes
        for ours, qct in pairs
    ]


def document(usual=DOCUMENT, /, **changes):
    """A coefficient file as its text; None removes a key."""
    changed = {key: value for key, value in (usual | changes).items() if value is not None}
    return json.dumps(changed)


def on_disk(folder: Path, **files: str) -> Path:
    """A folder of coefficient files by name without .json."""
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / f"{name}.json").write_text(text, encoding="utf-8")
    return folder
