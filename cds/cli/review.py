"""`osteocds review RESULT --reader NAME --accept | --reject REASON`: a named reader decides about a result."""

import typer

from cds.cli.configuration import read_settings
from cds.errors import InputUnusable
from cds.ports import Decision
from cds.reporting.reading import status_of
from cds.wiring.reviewing import open_reviewing


def run_review(result_id: str, reader: str, *, accept: bool, reject: str | None) -> None:
    """Store the decision and say what the result is now; raises `InputUnusable` where none or both were given."""
    if accept == (reject is not None):
        raise InputUnusable("say either --accept or --reject REASON")
    if not reader.strip() or (reject is not None and not reject.strip()):
        raise InputUnusable("a review needs the name of the reader, a rejection its reason")
    with open_reviewing(read_settings()) as reviewing:
        decision: Decision = "accepted" if accept else "rejected"
        result = reviewing.review(result_id, reader.strip(), decision, None if reject is None else reject.strip())
    typer.echo(f"{result_id}: {decision} by {reader.strip()}, now {status_of(result)}")
