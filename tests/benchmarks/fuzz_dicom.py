"""`make fuzz`, its second half: CT series with one damaged file each, by folder and by DICOMweb.

Stops with the seed of the first that raises what nobody named, takes too long, or takes too much memory.
Prints a table and writes tests/benchmarks/results/fuzz-dicom.json.
"""

import argparse
import secrets
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.benchmarks.provenance import provenance
from tests.benchmarks.results_file import FOLDER, as_text
from tests.support.dicom_fuzz import CPU_LIMIT_S, MEMORY_LIMIT_MB, DicomFuzz

RESULTS = FOLDER / "fuzz-dicom.json"


def main(arguments: Sequence[str] = sys.argv[1:]) -> None:
    """Run, print, keep."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.fuzz_dicom")
    parser.add_argument("--files", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32), help="another one each time by default")
    wanted = parser.parse_args(arguments)
    begun = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        fuzz = DicomFuzz(Path(folder), wanted.seed)
        fuzz.run(wanted.files)
    RESULTS.write_text(as_text(_record(fuzz, time.perf_counter() - begun)) + "\n", encoding="utf-8")
    Console().print(_table(fuzz))


def _record(fuzz: DicomFuzz, took_s: float) -> dict[str, Any]:
    files = fuzz.outcomes.total()
    command = ["python", "-m", "tests.benchmarks.fuzz_dicom", "--files", str(files), "--seed", str(fuzz.seed)]
    outcomes: dict[str, dict[str, int]] = {}
    for (kind, outcome), count in sorted(fuzz.outcomes.items()):
        outcomes.setdefault(kind, {})[outcome] = count
    return {
        "provenance": provenance(command, FOLDER.parent),
        "seed": fuzz.seed,
        "files": files,
        "took_s": round(took_s, 1),
        "slowest_s": round(fuzz.slowest_s, 3),
        "held for every file": [
            "no error but those that are raised on purpose",
            f"at most {CPU_LIMIT_S:g} s of processor",
            f"at most {MEMORY_LIMIT_MB} MB more than before",
        ],
        "outcomes": outcomes,
    }


def _table(fuzz: DicomFuzz) -> Table:
    table = Table(title=f"{fuzz.outcomes.total()} damaged files, seed {fuzz.seed}: every claim held")
    for heading in ("damage", "outcome", "files"):
        table.add_column(heading, justify="right" if heading == "files" else "left")
    for (kind, outcome), count in sorted(fuzz.outcomes.items()):
        table.add_row(kind.replace("_", " "), outcome, str(count))
    return table


if __name__ == "__main__":
    main()
