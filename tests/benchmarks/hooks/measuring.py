"""One kind of call under load, and its figures."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from tests.benchmarks.hooks.calls import Call
from tests.benchmarks.hooks.load import Met, Place, closed_loop, open_loop, percentile

_WARM_UP_S = 1.0
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Plan:
    """How much load."""

    rate_per_s: float = 100.0
    seconds: float = 30.0
    closed_calls: int = 500


async def under_load(call: Call, place: Place, pid: int, plan: Plan) -> Mapping[str, Any]:
    """Open loop after a short warm-up, then closed loop. `pid`: of the process that answers."""
    await open_loop(place, call.many(place, round(plan.rate_per_s * _WARM_UP_S)), plan.rate_per_s, call.is_right)
    requests = call.many(place, round(plan.rate_per_s * plan.seconds))
    cpu_before = _cpu_s(pid)
    met = await open_loop(place, requests, plan.rate_per_s, call.is_right)
    cpu_s = _cpu_s(pid) - cpu_before
    most = await closed_loop(place, call.many(place, plan.closed_calls), call.is_right)
    return _figures(met) | {
        "service cpu, ms a call": round(1000 * cpu_s / len(requests), 2),
        "closed loop, calls/s": round(plan.closed_calls / most.took_s, 1),
        "wrong in closed loop": most.wrong,
    }


def _figures(met: Met) -> dict[str, Any]:
    def ms(values: list[float], percent: float) -> float:
        return round(1000 * percentile(values, percent), 2)

    return {
        "calls": len(met.latencies_s),
        "wrong": met.wrong,
        "first wrong": met.first_wrong,
        "answered/s": round(len(met.latencies_s) / met.took_s, 1),
        "p50 ms": ms(met.latencies_s, 50),
        "p90 ms": ms(met.latencies_s, 90),
        "p99 ms": ms(met.latencies_s, 99),
        "worst ms": ms(met.latencies_s, 100),
        "generator": {
            "late, mean ms": round(1000 * fmean(met.lateness_s), 2),
            "late, p99 ms": ms(met.lateness_s, 99),
            "cpu, ms a call": round(1000 * met.generator_cpu_s / len(met.latencies_s), 3),
            "cpu, share of one core": round(met.generator_cpu_s / met.took_s, 3),
            "connections": met.connections,
        },
    }


def _cpu_s(pid: int) -> float:
    """User and system time of a service: its process and those it started, but for the workers; from proc(5)."""
    process = Path(f"/proc/{pid}")
    if b"\0worker\0" in (process / "cmdline").read_bytes():
        return 0.0
    after_name = (process / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    own = (int(after_name[11]) + int(after_name[12])) / _TICKS_PER_S
    threads = (process / "task").glob("*/children")
    return own + sum(_cpu_s(int(child)) for each in threads for child in each.read_text(encoding="utf-8").split())
