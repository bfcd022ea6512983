"""What is done with results: reviewed, retracted, exported, forgotten, and what users did with their cards."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from cds.cli.arguments import Issuer, Tenant
from cds.cli.faults import exit_status

commands = typer.Typer()


@commands.command()
def review(  # noqa: PLR0913 - one for each option
    result: Annotated[str, typer.Argument(metavar="RESULT", help="Id of the result, as in the audit log and FHIR.")],
    *,
    reader: Annotated[str, typer.Option(metavar="NAME", help="Who has read it; named in FHIR and on the page.")],
    accept: Annotated[bool, typer.Option("--accept", help="The result is right: it becomes final.")] = False,
    reject: Annotated[
        str | None, typer.Option(metavar="REASON", help="The result is wrong: it is withdrawn, with this reason.")
    ] = None,
    leave_out: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LEVEL=WHY",
            help="A vertebra must not count, because of a fracture, its outline or a lesion; may be repeated. "
            "The value is computed anew from the others.",
        ),
    ] = None,
    rename: Annotated[
        int, typer.Option(min=-1, max=1, help="All vertebrae are named wrongly by one: 1, what was called L1 is L2.")
    ] = 0,
    because: Annotated[str | None, typer.Option(metavar="REASON", help="Why it is corrected.")] = None,
) -> None:
    """Accept, correct or reject a result in the name of a reader; until then it is preliminary."""
    with exit_status():
        from cds.cli.review import ReviewRequest, run_review

        moved: Literal[-1, 0, 1] = 1 if rename > 0 else -1 if rename < 0 else 0
        run_review(ReviewRequest(result, reader, accept, reject, leave_out or (), moved, because))


@commands.command()
def feedback(
    json_to: Annotated[
        str | None, typer.Option("--json", metavar="FILE", help="Write the report as JSON; - for standard output.")
    ] = None,
) -> None:
    """Tell how often cards were accepted or overridden, and why, per service and month."""
    with exit_status():
        from cds.cli.feedback import run_feedback

        run_feedback(json_to)


@commands.command()
def retract(  # noqa: PLR0913 - each is one way to say which results are meant
    *,
    result: Annotated[str | None, typer.Option(metavar="ID", help="One result.")] = None,
    study: Annotated[str | None, typer.Option(metavar="UID", help="Every result of one study.")] = None,
    manufacturer: Annotated[str | None, typer.Option(help="Of the scanner, as in DICOM.")] = None,
    model: Annotated[str | None, typer.Option(help="Of the scanner, as in DICOM.")] = None,
    station: Annotated[str | None, typer.Option(help="StationName or DeviceSerialNumber.")] = None,
    calibration: Annotated[str | None, typer.Option(metavar="NAME", help="Name of a coefficient file.")] = None,
    model_version: Annotated[str | None, typer.Option(help="Model and calibration versions, or part of it.")] = None,
    scanned_from: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], metavar="DATE", help="First day of scan.")
    ] = None,
    scanned_until: Annotated[
        datetime | None, typer.Option("--until", formats=["%Y-%m-%d"], metavar="DATE", help="Last day of scan.")
    ] = None,
    kind: Annotated[
        Literal["wrong-patient", "wrong-level", "wrong-value", "recalled-version", "recalled-scanner"] | None,
        typer.Option(help="What is wrong."),
    ] = None,
    reason: Annotated[str | None, typer.Option(help="In a sentence; clinicians read it, so name no patient.")] = None,
    by: Annotated[str | None, typer.Option(metavar="NAME", help="Who takes back.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without it, only what would be done is shown.")] = False,
    lift: Annotated[bool, typer.Option("--lift", help="Let a withdrawn version or file be used again.")] = False,
) -> None:
    """Take results back everywhere: own store, charts, exports, archive; links and cards say so.

    A version or coefficient file that is named stays withdrawn: nothing more is published with it until --lift.

    All that is given must hold. For a wrong patient or level name the study: other versions measured it too.
    """
    with exit_status():
        from cds.cli.retract import RetractRequest, recall_of, run_retract

        named = {
            "result_id": result,
            "study_uid": study,
            "manufacturer": manufacturer,
            "model": model,
            "station": station,
            "calibration_file": calibration,
            "model_version": model_version,
        }
        recall = recall_of(scanned_from, scanned_until, named)
        run_retract(RetractRequest(recall, kind, reason, by, yes, lift))


@commands.command()
def export(  # noqa: PLR0913 - each is one choice of the user
    *,
    out: Annotated[Path, typer.Option(help="A folder for ndjson, a file for csv.")],
    format_: Annotated[
        Literal["ndjson", "csv"], typer.Option("--format", help="FHIR resources, or a table.")
    ] = "ndjson",
    since: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%dT%H:%M:%S.%fZ", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d"], help="Only what is newer, in UTC."
        ),
    ] = None,
    deidentify: Annotated[
        Literal["none", "safe-harbor", "site"], typer.Option(help="Leave out, or replace, what identifies.")
    ] = "none",
    pseudonym_secret: Annotated[
        Path | None, typer.Option(metavar="FILE", help="At least 32 bytes; default: that of the registries file.")
    ] = None,
    tenant: Tenant = None,
) -> None:
    """Write the stored results to files; without --deidentify they hold identifiers of patients."""
    with exit_status():
        from cds.cli.export import ExportRequest, run_export

        run_export(ExportRequest(out, format_, since, deidentify, pseudonym_secret, tenant))


@commands.command()
def forget(
    patient_id: Annotated[str, typer.Argument(metavar="PATIENT_ID", help="The archive's PatientID.")],
    *,
    issuer: Issuer = None,
    tenant: Tenant = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do it; without it, only what is kept is shown.")] = False,
) -> None:
    """Delete all that is kept of a patient: results, pictures, feedback, orders. Audit rows stay, without whom."""
    with exit_status():
        from cds.cli.forget import ForgetRequest, run_forget

        run_forget(ForgetRequest(patient_id, issuer, tenant, yes))
