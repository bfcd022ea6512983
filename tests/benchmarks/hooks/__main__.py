"""`make bench-hooks`: how fast hooks are answered.

idle        a known result, an irrelevant order and discovery, each at 100 requests a second; beside it an empty route
measuring   the same while the worker measures a CT, again and again
first       the first call about a CT that nobody has measured yet

JWT, replay cache and audit are on; on PostgreSQL and on SQLite, beside what an fsync of the disk costs alone.
Prints tables and the targets, and keeps
tests/benchmarks/results/hooks.json; each part is kept as soon as it is there and can be run alone.
"""

import argparse
import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from cds.cli.sample import sample_folder
from tests.benchmarks import results_file
from tests.benchmarks.hooks.calls import EMPTY, MEASURED
from tests.benchmarks.hooks.disk import fsync_alone
from tests.benchmarks.hooks.empty_route import empty_route
from tests.benchmarks.hooks.first_call import first_calls
from tests.benchmarks.hooks.measuring import Plan, under_load
from tests.benchmarks.hooks.neighbour import a_busy_worker
from tests.benchmarks.hooks.site import BACKENDS, Site, a_site, make_known
from tests.benchmarks.hooks.tables import tables_of
from tests.benchmarks.provenance import provenance

FILE = results_file.FOLDER / "hooks.json"
STATES = ("idle", "measuring")
PARTS = (*(f"{state}-{backend}" for backend in BACKENDS for state in STATES), "first")


def options_from(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", type=_parts, default=PARTS, help=f"some of {','.join(PARTS)}")
    parser.add_argument("--rate", type=float, default=Plan().rate_per_s, help="requests a second")
    parser.add_argument("--seconds", type=float, default=Plan().seconds, help="of each kind of call")
    parser.add_argument("--web-processes", type=int, default=os.cpu_count() or 1, help="one for each core by default")
    parser.add_argument("--results", type=Path, default=FILE)
    parser.add_argument("--show", action="store_true", help="print the figures that are kept, measure nothing")
    return parser.parse_args(arguments)


def _parts(text: str) -> tuple[str, ...]:
    chosen = tuple(text.split(","))
    unknown = [part for part in chosen if part not in PARTS]
    if unknown:
        message = f"no such part: {', '.join(unknown)}; there are {', '.join(PARTS)}"
        raise argparse.ArgumentTypeError(message)
    return chosen


def command_of(options: argparse.Namespace) -> list[str]:
    """The command that repeats this run."""
    words = ["python", "-m", "tests.benchmarks.hooks", "--only", ",".join(options.only)]
    words += ["--rate", f"{options.rate:g}", "--seconds", f"{options.seconds:g}"]
    return [*words, "--web-processes", str(options.web_processes)]


async def measure_idle(site: Site, plan: Plan, say: Callable[[str], None]) -> dict[str, Any]:
    """Every kind of call, and the empty route."""
    await make_known(site)
    return await _every_call(site, plan, say)


async def measure_beside(site: Site, plan: Plan, say: Callable[[str], None]) -> dict[str, Any]:
    """The same while CTs are being measured."""
    await make_known(site)
    with a_busy_worker(site) as neighbour:
        calls = await _every_call(site, plan, say)
        return calls | {"CTs measured meanwhile": neighbour.measured()}


async def _every_call(site: Site, plan: Plan, say: Callable[[str], None]) -> dict[str, Any]:
    figures: dict[str, Any] = {}
    with empty_route() as empty:
        for call in MEASURED:
            say(f"{call.says} ...")
            figures[call.name] = await under_load(call, site.place, site.service.process.pid, plan)
        say(f"{EMPTY.says} ...")
        figures[EMPTY.name] = await under_load(EMPTY, empty.place, empty.pid, plan)
    return {"calls": figures}


class Benchmark:
    """One run: what was asked for, and where each part is kept."""

    def __init__(self, options: argparse.Namespace, console: Console) -> None:
        self._options, self._console = options, console
        self._origin = provenance(command_of(options), Path(__file__).parent)
        self._sample = sample_folder(Console(stderr=True))
        self._plan = Plan(options.rate, options.seconds)

    def run(self) -> None:
        """The chosen parts, one after the other."""
        for part in self._options.only:
            self._console.rule(part)
            load_before = os.getloadavg()[0]
            record = first_calls(self._sample) if part == "first" else self._loaded(part)
            load = {"load average before and after": [round(load_before, 1), round(os.getloadavg()[0], 1)]}
            results_file.keep(self._options.results, part, load | record, self._origin, order=PARTS)

    def _loaded(self, part: str) -> Mapping[str, Any]:
        state, _, backend = part.partition("-")
        measure = measure_beside if state == "measuring" else measure_idle
        say = partial(self._console.print, highlight=False)
        processes = self._options.web_processes
        say("the disk alone ...")
        plan = {
            "fsync alone": fsync_alone(),
            "requests/s": self._plan.rate_per_s,
            "seconds": self._plan.seconds,
            "web processes": processes,
        }
        with a_site(backend, self._sample, WEB_PROCESSES=str(processes)) as site:
            return plan | asyncio.run(measure(site, self._plan, say))


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, keep, print."""
    options, console = options_from(arguments), Console(width=140)
    if not options.show:
        Benchmark(options, console).run()
    for table in tables_of(results_file.load(options.results)):
        console.print(table)


if __name__ == "__main__":
    main()
