"""`osteocds forget PATIENT`: shows what is kept of a patient; with --yes, deletes it. Prints no identifier."""

from dataclasses import dataclass

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from cds.cli.configuration import read_settings
from cds.cli.mode import CALLER
from cds.cli.opt_out import OptOutRequest, patients_of
from cds.durable.forgetting import QueueForgetting
from cds.settings import Settings
from cds.storage.audit_log import SqlAuditLog
from cds.storage.forgetting import PatientRows, SqlForgetting
from cds.wiring.clock import SystemClock
from cds.wiring.records import open_records, prepare_databases


@dataclass(frozen=True, slots=True)
class ForgetRequest:
    """Whom, and whether to do it."""

    patient_id: str
    issuer: str | None
    tenant: str | None
    yes: bool


def run_forget(request: ForgetRequest) -> None:
    """The queue first: what waits there would measure the patient anew. Raises `InputUnusable`, `StillMeasured`."""
    settings = read_settings()
    (patient,) = patients_of(OptOutRequest(request.patient_id, None, request.issuer, request.tenant), settings)
    prepare_databases(settings)
    queue = QueueForgetting(settings.durable_database_url)
    try:
        with open_records(settings) as engine:
            stored = SqlForgetting(engine)
            if not request.yes:
                _tell(stored.plan(patient), queue.plan(patient), settings)
                typer.echo("Nothing was changed. Add --yes to delete it.")
                return
            orders, rows = queue.forget(patient), stored.forget(patient)
            deleted = sum(rows.rows.values())
            detail = f"{deleted} rows, {orders} orders"
            SqlAuditLog(engine, SystemClock()).record("patient-forgotten", None, "deleted", detail, caller=CALLER)
            stored.scrub()
            queue.scrub()
    finally:
        queue.close()
    _tell(rows, orders, settings)
    typer.echo("Deleted.")


def _tell(rows: PatientRows, orders: int, settings: Settings) -> None:
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("where")
    table.add_column("rows", justify="right")
    for name, count in (*rows.rows.items(), ("queue", orders)):
        table.add_row(name, str(count))
    table.add_row("audit (stays, without whom)", str(rows.audited))
    Console().print(table)
    if rows.elsewhere:
        typer.echo(f"Charts of {', '.join(rows.elsewhere)} have results: osteocds retract first, if these are to go.")
    if settings.store_results:
        typer.echo("The archive may have segmentations and reports: osteocds retract first, if these are to go.")
    typer.echo(
        f"Bulk exports made before keep their lines for up to {settings.export_keep_h:g} h; backups, until they go."
    )
    if rows.opted_out:
        typer.echo("The opt-out stays: it keeps the images from being measured anew.")
    else:
        typer.echo("The next order measures anew, unless the patient is put on the list: osteocds opt-out add.")
