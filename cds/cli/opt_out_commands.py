"""`osteocds opt-out`."""

from pathlib import Path
from typing import Annotated

import typer

from cds.cli.arguments import Issuer, Tenant
from cds.cli.faults import exit_status

opt_out = typer.Typer(
    help="Patients whose images are not looked at: no search, no measurement, no card, no report page.",
    no_args_is_help=True,
)

PatientId = Annotated[str | None, typer.Argument(metavar="PATIENT_ID", help="The archive's PatientID.")]

Patients = Annotated[
    Path | None,
    typer.Option("--file", metavar="CSV", help="Column patient_id, perhaps issuer; - for standard input."),
]


@opt_out.command("add")
def opt_out_add(
    patient_id: PatientId = None, file: Patients = None, issuer: Issuer = None, tenant: Tenant = None
) -> None:
    """Put patients on the list; all of a file or none. It acts at once, on queued orders too."""
    with exit_status():
        from cds.cli.opt_out import OptOutRequest, run_add

        run_add(OptOutRequest(patient_id, file, issuer, tenant))


@opt_out.command("remove")
def opt_out_remove(
    patient_id: PatientId = None, file: Patients = None, issuer: Issuer = None, tenant: Tenant = None
) -> None:
    """Take patients off the list."""
    with exit_status():
        from cds.cli.opt_out import OptOutRequest, run_remove

        run_remove(OptOutRequest(patient_id, file, issuer, tenant))


@opt_out.command("list")
def opt_out_list() -> None:
    """Print the list: it holds identifiers of patients."""
    with exit_status():
        from cds.cli.opt_out import run_list

        run_list()
