"""`osteocds feedback`: what users did with cards, per service and month.

Reasons are counted by code; what users wrote stays in the database.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cds.cli.configuration import read_settings
from cds.errors import OutputNotWritable
from cds.ports import FeedbackCount
from cds.storage.feedback import SqlFeedbackLog
from cds.storage.shown_cards import SqlShownCards
from cds.wiring.clock import SystemClock
from cds.wiring.records import open_records

NO_REASON = "no reason given"


@dataclass
class ServiceMonth:
    """One line of the report."""

    month: str
    service: str
    shown: int | None
    """Findings told, each counted in the month when it was told last; None where no record says."""
    accepted: int = 0
    overridden: Counter[str] = field(default_factory=Counter)
    """By reason code."""

    def count(self, feedback: FeedbackCount) -> None:
        """Add what users did."""
        if feedback.outcome == "accepted":
            self.accepted += feedback.count
        else:
            self.overridden[feedback.reason_code or NO_REASON] += feedback.count

    @property
    def acceptance_percent(self) -> float | None:
        """Of the cards that users reacted to."""
        reactions = self.accepted + self.overridden.total()
        return round(100 * self.accepted / reactions, 1) if reactions else None


def run_feedback(json_to: str | None) -> None:
    """Print the report: a table, or JSON."""
    with open_records(read_settings()) as engine:
        clock = SystemClock()
        lines = service_months(SqlFeedbackLog(engine, clock).counts(), SqlShownCards(engine).counts())
    if json_to is None:
        Console().print(_table(lines))
        return
    text = json.dumps({"schema_version": 1, "services": [_record(line) for line in lines]}, indent=2)
    if json_to == "-":
        typer.echo(text)
        return
    try:
        Path(json_to).write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise OutputNotWritable(f"{json_to} cannot be written ({type(error).__name__})") from error


def service_months(counts: Sequence[FeedbackCount], shown: Mapping[tuple[str, str], int]) -> Sequence[ServiceMonth]:
    """Newest month first; months with cards and no feedback too."""
    keys = {*shown, *((count.month, count.service) for count in counts)}
    lines = {key: ServiceMonth(*key, shown.get(key)) for key in keys}
    for count in counts:
        lines[count.month, count.service].count(count)
    by_service = sorted(lines.values(), key=lambda line: line.service)
    return sorted(by_service, key=lambda line: line.month, reverse=True)


def _record(line: ServiceMonth) -> dict[str, object]:
    return {
        "month": line.month,
        "service": line.service,
        "cards_shown": line.shown,
        "accepted": line.accepted,
        "overridden": line.overridden.total(),
        "acceptance_percent": line.acceptance_percent,
        "override_reasons": dict(line.overridden.most_common()),
    }


def _table(lines: Sequence[ServiceMonth]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, caption=None if lines else "No cards were shown, and there is no feedback.")
    for heading in ("month", "service"):
        table.add_column(heading, no_wrap=True)
    for heading in ("cards shown", "accepted", "overridden", "acceptance"):
        table.add_column(heading, justify="right")
    table.add_column("override reasons", overflow="fold")
    for line in lines:
        percent = line.acceptance_percent
        reasons = "\n".join(f"{count} {code}" for code, count in line.overridden.most_common())
        table.add_row(
            line.month,
            line.service,
            "?" if line.shown is None else str(line.shown),
            str(line.accepted),
            str(line.overridden.total()),
            "" if percent is None else f"{percent:.0f} %",
            Text(reasons),
        )
    return table
