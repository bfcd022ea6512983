"""`osteocds retract`: shows which results would be taken back, and where they are; with --yes, takes them back."""

from dataclasses import dataclass
from datetime import datetime

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cds.bone.words import mg_words
from cds.cli.configuration import read_settings
from cds.errors import RecallUnclear
from cds.retracting import Planned, Retracting, Verdict
from cds.retraction import Recall, RetractionKind
from cds.wiring.retracting import open_recalling, open_retracting


@dataclass(frozen=True, slots=True)
class RetractRequest:
    """What the operator asked for."""

    recall: Recall
    kind: RetractionKind | None
    reason: str | None
    by: str | None
    yes: bool
    lift: bool = False
    """A version or file may be used again."""


def recall_of(scanned_from: datetime | None, scanned_until: datetime | None, named: dict[str, str | None]) -> Recall:
    """Raises `RecallUnclear`."""
    first, last = (None if day is None else day.date() for day in (scanned_from, scanned_until))
    try:
        return Recall(**named, scanned_from=first, scanned_until=last)
    except ValueError as fault:
        raise RecallUnclear(f"{fault}; see osteocds retract --help") from None


def run_retract(request: RetractRequest) -> None:
    """Print the plan; carry it out with --yes. Raises `RecallUnclear`."""
    if request.lift:
        _lift(request)
        return
    verdict = _verdict(request)
    with open_retracting(read_settings()) as retracting:
        if verdict is not None:
            _withdraw(request.recall, verdict)
        planned = list(retracting.plan(request.recall))
        Console().print(_table(planned))
        if verdict is None:
            _say_what_would_be(request.recall, len(planned))
            return
        while planned:
            _take_back(retracting, planned, verdict)
            planned = list(retracting.plan(request.recall))  # what was being published when it was withdrawn
    typer.echo("Links answer 410 with the reason now; who saw a card is told by the next hook.")


def _say_what_would_be(recall: Recall, results: int) -> None:
    if results:
        typer.echo(f"{results} would be taken back; nothing was changed. Add --yes to do it.")
    if recall.stands:
        typer.echo("Nothing more would be published with what is named. Add --yes to do it.")


def _withdraw(recall: Recall, verdict: Verdict) -> None:
    with open_recalling(read_settings()) as recalling:
        if recalling.withdraw(recall, verdict.kind, verdict.reason, verdict.by):
            typer.echo("Nothing more is published with what is named; osteocds doctor says whether it is in use.")


def _lift(request: RetractRequest) -> None:
    by = (request.by or "").strip()
    if not by or not request.yes:
        raise RecallUnclear("say who lifts it with --by, and --yes; nothing was changed")
    with open_recalling(read_settings()) as recalling:
        if not recalling.lift(request.recall, by):
            raise RecallUnclear("nothing is withdrawn in exactly these words; see osteocds doctor")
    typer.echo("It may be used again. Results that were taken back stay so.")


def _take_back(retracting: Retracting, planned: list[Planned], verdict: Verdict) -> None:
    for each in planned:
        typer.echo(f"{each.result.result_id}:")
        for sentence in retracting.retract(each.result, verdict):
            typer.echo(f"  {sentence}")


def _verdict(request: RetractRequest) -> Verdict | None:
    """None for a dry run."""
    if not request.yes:
        return None
    reason, by = (request.reason or "").strip(), (request.by or "").strip()
    if request.kind is None or not reason or not by:
        raise RecallUnclear("say why with --kind and --reason, and who takes back with --by; nothing was changed")
    return Verdict(request.kind, reason, by)


def _table(planned: list[Planned]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, caption=None if planned else "No result is meant, or all were taken back.")
    for heading in ("result", "scanned", "mg/cm3", "generation", "seen by", "also in"):
        table.add_column(heading, overflow="fold")
    for each in planned:
        assessment = each.result.assessment
        day, value = assessment.acquisition.study_date, assessment.vbmd_mg_cm3
        elsewhere = [*each.places, *([f"look twice: {each.remark}"] if each.remark else [])]
        table.add_row(
            each.result.result_id,
            "?" if day is None else day.isoformat(),
            "-" if value is None else mg_words(value),
            Text(each.result.generation),
            str(each.seen_by),
            Text("\n".join(elsewhere)),
        )
    return table
