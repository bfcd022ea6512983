"""`make bench-registry`: searches and exports over very many assessments, on SQLite and on PostgreSQL.

search   HTTP inside this process, audit on: by patient, by day, `_lastUpdated` page 1 and page 500
export   every Observation, in a process of its own: per second, and peak memory
raw      the same rows read with the database driver alone, in the same run

Prints a table and writes tests/benchmarks/results/registry.json.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.benchmarks import results_file
from tests.benchmarks.provenance import provenance
from tests.benchmarks.registry.filling import FIRST_SCAN, SCAN_DAYS, fill
from tests.support.databases import an_empty_database
from tests.support.registry_site import BASE, Registry, RegistrySite, ids

KINDS = ("sqlite", "postgresql")
PAGE = 100
DEEP = 500
MOST_MB = 300
Figures = dict[str, Any]


async def searches(site: RegistrySite, requests: int, deep: int) -> Figures:
    """Milliseconds of each kind of search."""
    async with site.with_token() as registry:
        patients = ids(
            (await registry.get(f"Observation?_count={PAGE}&_include=Observation:patient")).json(), "include"
        )
        days = [f"{FIRST_SCAN.replace(day=1 + number % 28)}" for number in range(SCAN_DAYS)]
        newest = "Observation?_lastUpdated=ge2026-01-01&code=patient-vbmd&_count=100"
        followed = await _page(registry, f"{BASE}/{newest}", deep)
        kinds: dict[str, Callable[[int], str]] = {
            "by patient": lambda number: f"{BASE}/Observation?patient={patients[number % len(patients)]}",
            "by date": lambda number: f"{BASE}/Observation?code=patient-vbmd&date={days[number % len(days)]}",
            "_lastUpdated, page 1": lambda _: f"{BASE}/{newest}",
            f"_lastUpdated, page {deep}": lambda _: followed,
        }
        return {name: await _timed(registry, url, requests) for name, url in kinds.items()}


async def _page(registry: Registry, url: str, number: int) -> str:
    for _ in range(number - 1):
        page = (await registry.http.get(url)).json()
        url = next(each["url"] for each in page["link"] if each["relation"] == "next")
    return url


async def _timed(registry: Registry, url: Callable[[int], str], requests: int) -> Figures:
    taken, found = [], 0
    for number in range(requests):
        begun = time.perf_counter()
        answer = await registry.http.get(url(number))
        taken.append(1000 * (time.perf_counter() - begun))
        assert answer.status_code == 200, answer.text
        found += answer.text.count('"mode":"match"')
    assert found > 0
    taken.sort()
    at = {percent: taken[min(len(taken) - 1, len(taken) * percent // 100)] for percent in (50, 99)}
    return {"p50_ms": round(at[50], 1), "p99_ms": round(at[99], 1), "resources": found // requests}


def exporting(url: str, folder: Path) -> Figures:
    """The export and the bare read, one after the other."""
    told = {}
    for what in ("raw", "export"):
        command = [sys.executable, "-m", "tests.benchmarks.registry.exporting", what, url, str(folder)]
        told[what] = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert told["raw"]["count"] == told["export"]["count"]
    exported, read = told["export"], told["raw"]
    return {
        "observations": exported["count"],
        "observations_per_s": round(exported["count"] / exported["seconds"]),
        "peak_mb": exported["peak_mb"],
        "raw_per_s": round(read["count"] / read["seconds"]),
        "times_raw": round(exported["seconds"] / read["seconds"], 2),
    }


def measure(kind: str, assessments: int, requests: int, deep: int) -> Figures:
    """Everything on one database."""
    with tempfile.TemporaryDirectory() as folder, an_empty_database(kind, Path(folder)) as url:
        site = RegistrySite(Path(folder) / "site", url)
        begun = time.perf_counter()
        rows = fill(site.engine, assessments)
        filled_s = round(time.perf_counter() - begun)
        searched = asyncio.run(searches(site, requests, deep))
        site.engine.dispose()
        exported = exporting(url, Path(folder) / "exports")
    return {
        "assessments": assessments,
        "rows": rows,
        "filled_s": filled_s,
        "requests": requests,
        "search": searched,
        "export": exported,
    }


def show(results: Figures) -> None:
    """The table."""
    table = Table("", *results)
    some = next(iter(results.values()))
    for name in some["search"]:
        cells = [f"{each['search'][name]['p50_ms']} / {each['search'][name]['p99_ms']}" for each in results.values()]
        table.add_row(f"search {name}, p50 / p99 ms", *cells)
    for name in some["export"]:
        table.add_row(f"export {name}", *(str(each["export"][name]) for each in results.values()))
    Console().print(table)


def main() -> int:
    """1 where memory is not flat."""
    words = argparse.ArgumentParser(prog="python -m tests.benchmarks.registry")
    words.add_argument("--assessments", type=int, default=100_000)
    words.add_argument("--requests", type=int, default=200)
    words.add_argument("--only", choices=KINDS)
    words.add_argument("--out", type=Path, default=results_file.FOLDER / "registry.json")
    chosen = words.parse_args()
    deep = min(DEEP, max(2, chosen.assessments // PAGE - 1))
    command = ["python", "-m", "tests.benchmarks.registry", *sys.argv[1:]]
    results: Figures = {}
    for kind in [chosen.only] if chosen.only else KINDS:
        figures = measure(kind, chosen.assessments, chosen.requests, deep)
        origin = provenance(command, Path(__file__).parent)
        results = results_file.keep(chosen.out, kind, figures, origin, order=KINDS)
    show(results)
    return int(any(each["export"]["peak_mb"] > MOST_MB for each in results.values()))


if __name__ == "__main__":
    sys.exit(main())
