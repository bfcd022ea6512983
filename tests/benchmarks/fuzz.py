"""`make fuzz`: thousands of requests made to break the service in this process, on fakes.

from the document   schemathesis: hook calls and other requests as the OpenAPI document allows them, and as it does not
valid calls         hypothesis: hook calls of a real shape with a few things wrong, down to single bytes

Stops with the smallest request that breaks a claim (`tests/support/border_checks.py`, and schemathesis' conformance
checks). Prints a table and writes tests/benchmarks/results/fuzz.json.
"""

import argparse
import logging
import secrets
import sys
import time
from collections.abc import Sequence
from typing import Any

import structlog
from rich.console import Console
from rich.table import Table

from tests.benchmarks.provenance import provenance
from tests.benchmarks.results_file import FOLDER, as_text
from tests.support import border_checks, border_fuzz
from tests.support.border_fuzz import Fuzz

RESULTS = FOLDER / "fuzz.json"
SHARE_FROM_DOCUMENT = 0.5


def main(arguments: Sequence[str] = sys.argv[1:]) -> None:
    """Run, print, keep."""
    wanted = _arguments(arguments)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    begun = time.perf_counter()
    fuzz = Fuzz(wanted.seed)
    from_document = round(wanted.requests * SHARE_FROM_DOCUMENT)
    fuzz.from_document(from_document)
    fuzz.from_valid_calls(wanted.requests - fuzz.statuses.total())
    record = _record(fuzz, time.perf_counter() - begun, wanted.requests)
    RESULTS.write_text(as_text(record) + "\n", encoding="utf-8")
    Console().print(_table(fuzz))


def _arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.fuzz")
    parser.add_argument("--requests", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32), help="another one each time by default")
    return parser.parse_args(arguments)


def _record(fuzz: Fuzz, took_s: float, requests: int) -> dict[str, Any]:
    command = ["make fuzz", f"REQUESTS={requests}", f"SEED={fuzz.seed}"]
    by_kind: dict[str, dict[str, int]] = {}
    for (kind, status), count in sorted(fuzz.statuses.items()):
        by_kind.setdefault(kind, {})[str(status)] = count
    return {
        "provenance": provenance(command, FOLDER.parent),
        "seed": fuzz.seed,
        "requests": fuzz.statuses.total(),
        "took_s": round(took_s, 1),
        "held for every request": [each.__name__ for each in border_fuzz.CONFORMANCE] + list(border_checks.CLAIMS),
        "answers": by_kind,
    }


def _table(fuzz: Fuzz) -> Table:
    table = Table(title=f"{fuzz.statuses.total()} requests, seed {fuzz.seed}: every claim held")
    for heading in ("requests", "status", "answers"):
        table.add_column(heading, justify="left" if heading == "requests" else "right")
    for (kind, status), count in sorted(fuzz.statuses.items()):
        table.add_row(kind, str(status), str(count))
    return table


if __name__ == "__main__":
    main()
