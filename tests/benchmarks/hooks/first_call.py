"""The first call about a CT that nobody has measured yet, with a warm worker: how long until there is a card."""

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.benchmarks.hooks.calls import KNOWN
from tests.benchmarks.hooks.site import a_site
from tests.benchmarks.hooks.wire import Connection

BUDGET_S = 10.0
DEFAULT_BUDGET_S = 0.4
_REPEATS = 3


def first_calls(sample: Path) -> Mapping[str, Any]:
    """Fresh services, SQLite: the budget at 10 s, and as it is by default."""
    patient = [asyncio.run(_ask(sample, BUDGET_S)) for _ in range(_REPEATS)]
    hasty = asyncio.run(_ask(sample, DEFAULT_BUDGET_S))
    return {"budget 10 s": patient, "default budget": hasty}


async def _ask(sample: Path, budget_s: float) -> Mapping[str, Any]:
    """The first call, then the next, as soon as the measurement is expected to be done."""
    with a_site("sqlite", sample, WAIT_BUDGET_S=str(budget_s)) as site:
        connection = await Connection.open(site.place.host, site.place.port)
        begun = time.perf_counter()
        calls = []
        while not calls or not calls[-1]["card"]:
            asked = time.perf_counter()
            reply = await connection.ask(KNOWN.make(site.place))
            took_s = round(time.perf_counter() - asked, 3)
            calls.append({"card": KNOWN.is_right(reply), "s": took_s})
            await asyncio.sleep(0 if calls[-1]["card"] else 1.0)
        connection.close()
        return {"first": calls[0], "calls until the card": len(calls), "last": calls[-1],
                "s until the card": round(time.perf_counter() - begun, 2)}  # fmt: skip
