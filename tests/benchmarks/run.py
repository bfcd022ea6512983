"""`make bench`: the figures of the main road, measured on real processes and a real CT.

assess    seconds and peak memory of `osteocds assess` on LIDC-IDRI-0001, start-up included
waiting   /healthz while 50 hooks wait for a first measurement, beside /healthz with none waiting

Prints a table and writes tests/benchmarks/results/road.json.
"""

import asyncio
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx
from rich.console import Console
from rich.table import Table

from cds import __version__
from cds.cli.demo import sample_settings
from cds.cli.demo_order import SERVICE, order_sign_request
from cds.cli.sample import sample_folder
from cds.cli.service_process import running_service

RESULTS = Path(__file__).parent / "results" / "road.json"
WAITING_HOOKS = 50
Figure = dict[str, float | int | str]


def figure(what: str, unit: str, measured: float, target: float | str = "-") -> Figure:
    """One line of the table."""
    return {"what": what, "unit": unit, "target": target, "measured": measured}


def percentile(values: list[float], percent: float) -> float:
    """The value below which `percent` of the sorted values lie (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def bench_assess(sample: Path) -> list[Figure]:
    """One cold process, as a user starts it."""
    begun = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "cds.cli", "assess", str(sample), "--json", "-"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - begun
    if status != 0:
        raise SystemExit(f"assess ended with status {status}")
    return [
        figure("assess LIDC-IDRI-0001, start-up included", "s", round(seconds, 2), 20),
        figure("assess, peak memory", "GB", round(usage.ru_maxrss / 1e6, 2), 4),
    ]


async def _timed_ms(call: Callable[[], Awaitable[httpx.Response]]) -> float:
    begun = time.perf_counter()
    (await call()).raise_for_status()
    return 1000 * (time.perf_counter() - begun)


async def bench_service(sample: Path) -> list[Figure]:
    """One fresh service: 50 hooks wait for a measurement."""
    with tempfile.TemporaryDirectory() as data_dir:
        settings = sample_settings(sample) | {"MAX_WAITING": str(WAITING_HOOKS)}
        with running_service(Path(data_dir), settings) as service:
            limits = httpx.Limits(max_connections=WAITING_HOOKS + 4)
            async with httpx.AsyncClient(
                base_url=service.base_url, limits=limits, timeout=60, trust_env=False
            ) as client:
                return await _bench_waiting(client)


async def _bench_waiting(client: httpx.AsyncClient) -> list[Figure]:
    idle = [await _timed_ms(lambda: client.get("/healthz")) for _ in range(100)]
    hooks = [
        asyncio.create_task(client.post(f"/cds-services/{SERVICE}", json=order_sign_request(f"waiting-{number}")))
        for number in range(WAITING_HOOKS)
    ]
    await asyncio.sleep(0.5)
    waiting = []
    while len(waiting) < 100 and not any(hook.done() for hook in hooks):
        waiting.append(await _timed_ms(lambda: client.get("/healthz")))
        await asyncio.sleep(0.01)
    answers = await asyncio.gather(*hooks)
    with_card = sum(1 for answer in answers if answer.json()["cards"])
    if not waiting:
        raise SystemExit("the hooks did not wait, so nothing was measured")
    return [
        figure("/healthz, nothing waiting, p50", "ms", round(statistics.median(idle), 1)),
        figure(
            f"/healthz, {WAITING_HOOKS} hooks waiting and a CT being measured, p50",
            "ms",
            round(statistics.median(waiting), 1),
        ),
        figure(f"/healthz, {WAITING_HOOKS} hooks waiting, p90", "ms", round(percentile(waiting, 90), 1)),
        figure(f"/healthz, {WAITING_HOOKS} hooks waiting, worst of {len(waiting)}", "ms", round(max(waiting), 1)),
        figure(f"waiting hooks of {WAITING_HOOKS} answered with the card", "", with_card, WAITING_HOOKS),
    ]


def main() -> None:
    """Measure, print, keep."""
    console = Console()
    sample = sample_folder(Console(stderr=True))
    console.print("measuring assess ...")
    figures = bench_assess(sample)
    console.print("measuring the service ...")
    figures += asyncio.run(bench_service(sample))
    table = Table("figure", "unit", "target", "measured")
    for each in figures:
        table.add_row(*(str(each[key]) for key in ("what", "unit", "target", "measured")))
    console.print(table)
    report = {
        "date": datetime.now(UTC).date().isoformat(),
        "command": "make bench",
        "version": __version__,
        "machine": {
            "cores": os.cpu_count(),
            "processor": platform.processor() or platform.machine(),
            "python": platform.python_version(),
        },
        "figures": figures,
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    console.print(f"written to {RESULTS}")


if __name__ == "__main__":
    main()
