"""`osteocds forget PATIENT`: shows what is kept of a patient; with --yes, deletes it. Prints no identifier."""

from collections.abc import Sequence
from dataclasses import dataclass

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from cds.cli.configuration import read_settings
from cds.cli.mode import CALLER
from cds.cli.opt_out import OptOutRequest, patients_of
from cds.durable.forgetting import QueueForgetting
from cds.result_places import in_words
from cds.settings import Settings
from cds.storage.audit_log import SqlAuditLog
from cds.storage.forgetting import PatientRows, SqlForgetting
from cds.wiring.clock import SystemClock
from cds.wiring.records import open_records, prepare_databases
from cds.wiring.retracting import exported_copies


@dataclass(frozen=True, slots=True)
class ForgetRequest:
    """Whom, and whether to do it."""

    patient_id: str
    issuer: str | None
    tenant: str | None
    yes: bool


@dataclass(frozen=True, slots=True)
class Found:
    """What there is of the patient, or was."""

    rows: PatientRows
    orders: int
    exports: int
    """Kept bulk exports with a line of the patient: they go as a whole, and are begun again."""
    fetched: Sequence[str]
    """Who has fetched one before, in words."""


def run_forget(request: ForgetRequest) -> None:
    """The queue first: what waits there would measure the patient anew. Raises `InputUnusable`, `StillMeasured`."""
    settings = read_settings()
    (patient,) = patients_of(OptOutRequest(request.patient_id, None, request.issuer, request.tenant), settings)
    prepare_databases(settings)
    queue = QueueForgetting(settings.durable_database_url)
    try:
        with open_records(settings) as engine:
            stored, copies = SqlForgetting(engine), exported_copies(settings, engine)
            fetched = [in_words(each) for each in copies.handed_out_of(patient)]
            if not request.yes:
                kept = len(copies.holding_of(patient))
                _tell(Found(stored.plan(patient), queue.plan(patient), kept, fetched), settings)
                typer.echo("Nothing was changed. Add --yes to delete it.")
                return
            orders = queue.forget(patient)
            discarded = len(copies.discard_of(patient))  # which ones, only the patient's resources tell
            rows = stored.forget(patient)
            deleted = sum(rows.rows.values())
            detail = f"{deleted} rows, {orders} orders, {discarded} exports"
            SqlAuditLog(engine, SystemClock()).record("patient-forgotten", None, "deleted", detail, caller=CALLER)
            stored.scrub()
            queue.scrub()
    finally:
        queue.close()
    _tell(Found(rows, orders, discarded, fetched), settings)
    typer.echo("Deleted.")


def _tell(found: Found, settings: Settings) -> None:
    rows = found.rows
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("where")
    table.add_column("rows", justify="right")
    for name, count in (*rows.rows.items(), ("queue", found.orders), ("bulk exports, whole", found.exports)):
        table.add_row(name, str(count))
    table.add_row("audit (stays, without whom)", str(rows.audited))
    Console().print(table)
    if rows.elsewhere:
        typer.echo(f"Charts of {', '.join(rows.elsewhere)} have results: osteocds retract first, if these are to go.")
    if settings.store_results:
        typer.echo("The archive may have segmentations and reports: osteocds retract first, if these are to go.")
    if found.fetched:
        typer.echo(f"Bulk exports cannot be called back, tell them: {', '.join(found.fetched)}.")
    typer.echo("Backups keep it until they go.")
    if rows.opted_out:
        typer.echo("The opt-out stays: it keeps the images from being measured anew.")
    else:
        typer.echo(
            "An order, a sweep or a new CT of the patient measures anew, unless they are put on the list: "
            "osteocds opt-out add."
        )
