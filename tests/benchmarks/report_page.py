"""`make bench-page`: how long the report page takes, and how heavy it is, where its pictures exist.

A real service on SQLite, one request after another and four at once; a page with three CTs, charts and
the pictures of a small phantom. The page of the sample CT, with nine vertebrae, weighs about 150 kB.

Prints a table and writes tests/benchmarks/results/report_page.json.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

import httpx
from rich.console import Console

from tests.benchmarks import results_file
from tests.benchmarks.provenance import provenance
from tests.benchmarks.run import percentile
from tests.benchmarks.target_lines import line_of, target_table
from tests.support.report_site import Site, a_report_site

MOST_MS, MOST_KB = 100, 600
RESULTS = results_file.FOLDER / "report_page.json"


async def _timed(url: str, requests: int, at_once: int) -> list[float]:
    """Milliseconds of each request, with so many under way."""
    took: list[float] = []
    left = iter(range(requests))

    async def client() -> None:
        async with httpx.AsyncClient(trust_env=False, timeout=60) as http:
            for _ in left:
                begun = time.perf_counter()
                (await http.get(url)).raise_for_status()
                took.append(1000 * (time.perf_counter() - begun))

    await asyncio.gather(*(client() for _ in range(at_once)))
    return took


def measure(site: Site, requests: int) -> dict[str, float]:
    """Figures of the page with the most on it: three CTs, four pictures."""
    url = site.link("six_years")
    weight_kb = len(httpx.get(url, trust_env=False, timeout=60).raise_for_status().content) / 1000
    asyncio.run(_timed(url, 20, 1))
    figures = {"weight_kb": round(weight_kb, 1)}
    for name, at_once in (("alone", 1), ("four_at_once", 4)):
        took = asyncio.run(_timed(url, requests, at_once))
        figures |= {f"{name}_p{p}_ms": round(percentile(took, p), 1) for p in (50, 99)}
    return figures


def main() -> None:
    """Measure, print, keep."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--requests", type=int, default=1000)
    requests = arguments.parse_args().requests
    with tempfile.TemporaryDirectory() as folder, a_report_site(Path(folder)) as site:
        figures = measure(site, requests)
    origin = provenance(["make", "bench-page", *sys.argv[1:]], Path(__file__))
    record = {"requests": requests, "targets": {"alone_p99_ms": MOST_MS, "weight_kb": MOST_KB}, "measured": figures}
    results_file.keep(RESULTS, "page", record, origin, order=("page",))
    Console().print(
        target_table(
            [
                line_of("page, one after another, p50, ms", figures["alone_p50_ms"]),
                line_of("page, one after another, p99, ms", figures["alone_p99_ms"], most=MOST_MS),
                line_of("page, four at once, p50, ms", figures["four_at_once_p50_ms"]),
                line_of("page, four at once, p99, ms", figures["four_at_once_p99_ms"]),
                line_of("weight, pictures inside, kB", figures["weight_kb"], most=MOST_KB),
            ]
        )
    )


if __name__ == "__main__":
    main()
