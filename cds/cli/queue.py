"""`osteocds queue`: what waits, runs or failed, and why; trying again, and dropping."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cds.cli.configuration import read_settings
from cds.cli.mode import CALLER
from cds.durable.operating import QueueDesk, QueuedOrder
from cds.storage.audit_log import SqlAuditLog
from cds.wiring.clock import SystemClock
from cds.wiring.records import open_records, prepare_databases

_SHOWN = len("screen-") + 12
"""Of an id: enough to tell orders apart, and what `retry` and `drop` take."""


def run_list(json_to: str | None) -> None:
    """Print what waits, runs or failed; no data of patients."""
    with _desk() as desk:
        orders = desk.orders()
    if json_to is None:
        Console().print(_table(orders))
    elif json_to == "-":
        typer.echo(_as_json(orders))
    else:
        Path(json_to).write_text(_as_json(orders) + "\n", encoding="utf-8")


def run_retry(named: str) -> None:
    """Queue a failed order again; raises `InputUnusable`."""
    with _desk() as desk:
        queued = desk.retry(named)
    _note("retried", queued)
    typer.echo(f"queued: {queued}")


def run_drop(named: str) -> None:
    """Take an order out of the queue; raises `InputUnusable`."""
    with _desk() as desk:
        dropped = desk.drop(named)
    _note("dropped", dropped)
    typer.echo(f"dropped: {dropped}")


@contextmanager
def _desk() -> Iterator[QueueDesk]:
    settings = read_settings()
    prepare_databases(settings)
    desk = QueueDesk(settings.durable_database_url, SystemClock())
    try:
        yield desk
    finally:
        desk.close()


def _note(outcome: str, workflow_id: str) -> None:
    with open_records(read_settings()) as engine:
        SqlAuditLog(engine, SystemClock()).record("queue", None, outcome, workflow_id, caller=CALLER)


def _table(orders: Sequence[QueuedOrder]) -> Table:
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("order", "attempt", "state", "since (UTC)", "age", "begun", "why"):
        table.add_column(heading, overflow="fold", no_wrap=heading != "why")
    for each in orders:
        state = f"waiting until {each.not_before:%H:%M}" if each.not_before else each.state
        table.add_row(
            each.work_id[:_SHOWN],
            str(each.attempt),
            state,
            f"{each.since:%Y-%m-%d %H:%M}",
            _in_words(each.age),
            str(each.times_begun),
            Text(each.cause or ""),
        )
    if not orders:
        table.caption = "Nothing waits, runs or failed."
    return table


def _as_json(orders: Sequence[QueuedOrder]) -> str:
    rows = [
        {
            "order": each.work_id,
            "attempt": each.attempt,
            "state": each.state,
            "since": each.since.isoformat(),
            "age_s": round(each.age.total_seconds(), 1),
            "times_begun": each.times_begun,
            "cause": each.cause,
            "not_before": each.not_before and each.not_before.isoformat(),
        }
        for each in orders
    ]
    return json.dumps({"orders": rows}, indent=1)


def _in_words(age: timedelta) -> str:
    minutes = round(age.total_seconds() / 60)
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min" if minutes < 48 * 60 else f"{minutes // (24 * 60)} d"
