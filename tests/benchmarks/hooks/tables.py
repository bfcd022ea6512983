"""Figures and targets for people."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.table import Table

from tests.benchmarks.hooks.calls import EMPTY, MEASURED
from tests.benchmarks.hooks.site import BACKENDS, WITHOUT_FSYNC
from tests.benchmarks.target_lines import Line, line_of, target_table

P99_MS = 50.0
FIRST_CARD_S = 5.0
_STATES = ("idle", "measuring")
Results = Mapping[str, Any]


def tables_of(results: Results) -> Iterator[Table]:
    """One for each database, then the targets."""
    for backend in BACKENDS:
        if any(f"{state}-{backend}" in results for state in _STATES):
            yield _load_table(results, backend)
    yield target_table(target_lines(results))


def target_lines(results: Results) -> list[Line]:
    """What was asked for."""
    known = results.get("measuring-postgresql", {}).get("calls", {}).get("known", {})
    unsynced = results.get(f"measuring-{WITHOUT_FSYNC}", {}).get("calls", {}).get("known", {})
    disk = results.get("measuring-postgresql", {}).get("fsync alone", {})
    first = results.get("first", {}).get("budget 10 s", [])
    hasty = results.get("first", {}).get("default budget", {}).get("first", {})
    slowest = max((each["first"]["s"] for each in first), default=None)
    in_first = min((float(each["first"]["card"]) for each in first), default=None)
    return [
        line_of("known result while measuring, PostgreSQL, p99, ms", known.get("p99 ms"), most=P99_MS),
        line_of("... answers that were not the card", known.get("wrong"), most=0),
        line_of("... an fsync of this disk, alone and before, p99, ms", disk.get("p99 ms")),
        line_of("... commits that wait for no disk, p99, ms", unsynced.get("p99 ms")),
        line_of("first call, budget 10 s, slowest, s", slowest, most=FIRST_CARD_S),
        line_of("... with the card in that call (1 = every time)", in_first, least=1),
        line_of("first call, default budget, s", hasty.get("s")),
    ]


def _load_table(results: Results, backend: str) -> Table:
    table = Table(title=f"{backend}: open loop, latency from the intended time")
    for name in ("state", "call", "requests/s", "p50 ms", "p99 ms", "worst ms", "wrong", "p50 / empty", "p99 / empty"):
        table.add_column(name, justify="left" if name in ("state", "call") else "right")
    for name in ("closed loop, /s", "service CPU, ms", "generator CPU, ms", "generator late, mean ms"):
        table.add_column(name, justify="right")
    for state in _STATES:
        calls = results.get(f"{state}-{backend}", {}).get("calls", {})
        for call in (*MEASURED, EMPTY):
            if call.name in calls:
                table.add_row(state, call.says, *_cells(calls[call.name], calls[EMPTY.name]))
    return table


def _cells(figures: Results, empty: Results) -> tuple[str, ...]:
    ratios = (figures[name] / empty[name] for name in ("p50 ms", "p99 ms"))
    return (
        *(f"{figures[name]:.1f}" for name in ("answered/s", "p50 ms", "p99 ms", "worst ms")),
        str(figures["wrong"]),
        *(f"{ratio:.1f} x" for ratio in ratios),
        f"{figures['closed loop, calls/s']:.0f}",
        f"{figures['service cpu, ms a call']:.1f}",
        f"{figures['generator']['cpu, ms a call']:.2f}",
        f"{figures['generator']['late, mean ms']:.2f}",
    )
