"""The command line: `osteocds serve | worker | assess | demo ...`, see `osteocds --help`.

Each command is a few lines here and a file of its own, imported when it runs: `osteocds --help`
need not wait for torch.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from cds.cli.faults import exit_status
from cds.cli.logs import send_logs_to_stderr

app = typer.Typer(
    name="osteocds",
    help="Bone density from the CT that a patient already had. Investigational: not cleared as a medical device.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

DicomDir = Annotated[Path, typer.Argument(metavar="DICOM_DIR", help="A folder of DICOM files; it is only read.")]


@app.callback()
def start() -> None:
    """Before every command: logs go to standard error."""
    send_logs_to_stderr()


@app.command()
def assess(  # noqa: PLR0913 - each is one choice of the user
    dicom_dir: DicomDir,
    *,
    json_to: Annotated[
        str | None, typer.Option("--json", metavar="FILE", help="Write the record as JSON; - for standard output.")
    ] = None,
    series: Annotated[str | None, typer.Option(metavar="UID", help="Measure this series and no other.")] = None,
    all_levels: Annotated[bool, typer.Option(help="Measure every vertebra found, needed or not.")] = False,
    population: Annotated[str | None, typer.Option(help="Reference population for the Z-score.")] = None,
    seg: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write bodies and measured regions as a DICOM segmentation.")
    ] = None,
    sr: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the measurements as a DICOM structured report.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the report page as HTML; it needs no other file.")
    ] = None,
    png: Annotated[Path | None, typer.Option(metavar="DIR", help="Write the pictures of the report as PNG.")] = None,
    language: Annotated[Literal["en", "zh-Hans"], typer.Option(help="Of the report page.")] = "en",
) -> None:
    """Measure the CT in a folder: a table for people, a record for programs.

    Exit status: 0 assessed or not assessable, 2 unusable input, 1 our own fault.
    """
    with exit_status():
        from cds.cli.assess import AssessRequest, run_assess

        run_assess(AssessRequest(dicom_dir, json_to, series, all_levels, population, seg, sr, report, png, language))


@app.command()
def sample() -> None:
    """Fetch the public chest CT LIDC-IDRI-0001; the last line on standard output is its folder."""
    with exit_status():
        from cds.cli.sample import run_sample

        run_sample()


@app.command()
def simulate(  # noqa: PLR0913 - each is one choice of the user
    *,
    out: Annotated[Path, typer.Option(help="An empty folder, made if needed.")],
    seed: Annotated[int, typer.Option(min=0, help="The same seed is the same patient.")] = 1,
    count: Annotated[int, typer.Option(min=1, help="How many patients, of this seed and the next ones.")] = 1,
    vbmd: Annotated[
        float | None, typer.Option(min=10, max=300, help="Mean vBMD of L1 and L2 in mg/cm3; else drawn.")
    ] = None,
    kvp: Annotated[float | None, typer.Option(min=80, max=140, help="Tube voltage; else drawn.")] = None,
    contrast: Annotated[Literal["none", "arterial", "venous"], typer.Option(help="Iodine in the blood.")] = "none",
    scanner: Annotated[
        Literal["exact", "documented", "unknown"], typer.Option(help="How far its HU may be from the tables.")
    ] = "exact",
    pixel_mm: Annotated[
        float | None, typer.Option(min=0.4, max=4, help="No pixel smaller, no slices closer: faster.")
    ] = None,
    study_date: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Date of the study; else today.")
    ] = None,
    years_later: Annotated[
        int,
        typer.Option(min=0, max=30, help="The same patient so long after the study date: older, scanned anew."),
    ] = 0,
    other_scanner: Annotated[bool, typer.Option("--other-scanner", help="Not where the patient is as a rule.")] = False,
    last_level: Annotated[
        str | None, typer.Option(metavar="LEVEL", help="The scan ends below this vertebra, T2 to L5; else drawn.")
    ] = None,
    crushed: Annotated[
        list[str] | None,
        typer.Option(metavar="LEVEL=SHARE", help="A compression fracture, such as L1=0.4; may be repeated."),
    ] = None,
) -> None:
    """Write simulated low-dose chest CT with known vBMD as DICOM; truth.json lies beside each series.

    Standard output has the folder of each series. Simulated, and marked so in every file. Three CT of one patient,
    losing bone: the same seed with a lower `--vbmd` and `--years-later 3`, then 6, each into a folder of its own.
    """
    with exit_status():
        from cds.cli.simulate import SimulateCommand, crushed_levels, level_named, run_simulate
        from cds.simulation.patient import SimulationRequest

        run_simulate(
            SimulateCommand(
                out,
                seed,
                count,
                (study_date or datetime.now(UTC)).date(),
                SimulationRequest(
                    vbmd_mg_cm3=vbmd,
                    kvp=kvp,
                    contrast=contrast,
                    scanner=scanner,
                    pixel_mm=pixel_mm,
                    last_level=None if last_level is None else level_named(last_level, "--last-level"),
                    crushed=crushed_levels(crushed or ()),
                    years_later=years_later,
                    other_scanner=other_scanner,
                ),
            )
        )


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Where the FHIR Bundle goes.")] = Path("osteocds-demo"),
    picture: Annotated[Path | None, typer.Option(help="Also save what is shown as an SVG.")] = None,
) -> None:
    """Take a real chest CT from order to card, table of vertebrae and FHIR Observations."""
    with exit_status():
        from cds.cli.demo import run_demo

        run_demo(out, picture)


@app.command()
def serve() -> None:
    """Answer CDS Hooks and watch the workers, until told to stop.

    Needed, as environment variables:

    \b
    OSTEOCDS_ARCHIVE_URL          DICOMweb root of the archive,
      or OSTEOCDS_ARCHIVE_FOLDER  or a folder of DICOM files
    OSTEOCDS_IDENTIFIER_SYSTEM    whose Patient.identifier is the PatientID
    OSTEOCDS_ARCHIVE_ISSUER       its issuer in the archive,
      or OSTEOCDS_ARCHIVE_SINGLE_ISSUER=true
    OSTEOCDS_CLIENTS_FILE         who may call,
      or OSTEOCDS_CLIENT_AUTH=off for a look around on this machine
    OSTEOCDS_PUBLIC_URL           the https address that clients call,
                                  unless they are on this machine

    `osteocds doctor` says what is missing, `osteocds settings` lists the rest.
    """  # noqa: D301 - \b keeps the lines below it
    with exit_status():
        from cds.cli.serve import run_serve

        run_serve()


@app.command()
def worker(
    watched: Annotated[bool, typer.Option("--watched", hidden=True)] = False,
) -> None:
    """Measure queued CTs until told to stop; `serve` starts its own unless OSTEOCDS_WORKERS is 0."""
    with exit_status():
        from cds.cli.serve import run_worker

        run_worker(watched=watched)


@app.command()
def review(
    result: Annotated[str, typer.Argument(metavar="RESULT", help="Id of the result, as in the audit log and FHIR.")],
    *,
    reader: Annotated[str, typer.Option(metavar="NAME", help="Who has read it; named in FHIR and on the page.")],
    accept: Annotated[bool, typer.Option("--accept", help="The result is right: it becomes final.")] = False,
    reject: Annotated[
        str | None, typer.Option(metavar="REASON", help="The result is wrong: it is withdrawn, with this reason.")
    ] = None,
) -> None:
    """Accept or reject a result in the name of a reader; until then it is preliminary."""
    with exit_status():
        from cds.cli.review import run_review

        run_review(result, reader, accept=accept, reject=reject)


calibrate = typer.Typer(
    help="Calibrate a scanner of the site: phantom rods, or pairs with QCT, become a coefficient file.",
    no_args_is_help=True,
    rich_markup_mode=None,  # help keeps the lines of its tables
)
app.add_typer(calibrate, name="calibrate")

Measurements = Annotated[Path, typer.Argument(metavar="CSV", help="Table with a header; it is only read.")]
Out = Annotated[Path, typer.Option(metavar="DIR", help="Where the coefficient files go; nothing is overwritten.")]
ValidFrom = Annotated[
    str | None,
    typer.Option(
        metavar="DATE",
        help="First scan that it holds for, such as the last change of tube or software; default: the measurement.",
    ),
]
ValidDays = Annotated[int, typer.Option(min=1, max=1825, help="How long it holds after the measurement.")]


@calibrate.command()
def phantom(table: Measurements, out: Out = Path(), valid_from: ValidFrom = None, valid_days: ValidDays = 365) -> None:
    """Fit the rods of a phantom: one line of CSV a rod.

    \b
    manufacturer, model           as in DICOM
    station                       StationName or DeviceSerialNumber;
                                  empty: every scanner of the model
    kvp, kernel                   B30f|B31f: kernels that share it
    phantom, date                 brand and model; YYYY-MM-DD
    water_equivalent_diameter_cm  body phantom with rods, in their slice
    rod_density_mg_cm3, basis     as certified; K2HPO4 or HA
    rod_hu                        mean of the rod's region
    rod_hu_sd                     optional: its SD, as weight
    rod_water_mg_cm3              Mindways: water density of the rod
    rod_position                  optional: centre of a body phantom
                                  (so without the column), or edge
    """  # noqa: D301 - \b keeps the lines below it
    with exit_status():
        from cds.cli.calibrate import CalibrateRequest, day_of, run_phantom

        run_phantom(CalibrateRequest(table, out, day_of(valid_from), valid_days))


@calibrate.command()
def pairs(
    table: Measurements,
    out: Out = Path(),
    valid_from: ValidFrom = None,
    valid_days: ValidDays = 365,
    error_variance_ratio: Annotated[
        float, typer.Option(min=0.05, max=20.0, help="Variance of QCT's error over that of ours.")
    ] = 1.0,
) -> None:
    """Fit our vBMD against QCT of the same patients (Deming): one line of CSV a patient, at least 100.

    Measure ours without a calibration of this scanner on file.

    \b
    manufacturer, model           as in DICOM
    station                       StationName or DeviceSerialNumber;
                                  empty: every scanner of the model
    kvp, kernel                   B30f|B31f: kernels that share it
    date                          of our CT, YYYY-MM-DD
    vbmd_mg_cm3, qct_mg_cm3       ours and QCT
    phantom                       that QCT was calibrated with
    basis                         K2HPO4 or HA, where no known brand says it

    No column may identify a patient.
    """  # noqa: D301 - \b keeps the lines below it
    with exit_status():
        from cds.cli.calibrate import CalibrateRequest, day_of, run_pairs

        run_pairs(CalibrateRequest(table, out, day_of(valid_from), valid_days), error_variance_ratio)


@app.command()
def mode(
    service: Annotated[str | None, typer.Argument(help="Such as osteocds-order-sign, or all.")] = None,
    chosen: Annotated[
        Literal["live", "shadow", "off", "settings"] | None,
        typer.Argument(metavar="MODE", help="live, shadow or off; settings: back to OSTEOCDS_MODE."),
    ] = None,
) -> None:
    """List the services and their modes, or change one while they run.

    live: cards; shadow: measure and store, show nothing; off: answer empty, measure nothing.
    """
    with exit_status():
        from cds.cli.mode import run_mode, run_modes
        from cds.errors import InputUnusable

        if service is None:
            run_modes()
        elif chosen is None:
            raise InputUnusable("which mode? live, shadow, off, or settings")
        else:
            run_mode(service, None if chosen == "settings" else chosen)


@app.command()
def feedback(
    json_to: Annotated[
        str | None, typer.Option("--json", metavar="FILE", help="Write the report as JSON; - for standard output.")
    ] = None,
) -> None:
    """Tell how often cards were accepted or overridden, and why, per service and month."""
    with exit_status():
        from cds.cli.feedback import run_feedback

        run_feedback(json_to)


opt_out = typer.Typer(
    help="Patients whose images are not looked at: no search, no measurement, no card, no report page.",
    no_args_is_help=True,
)
app.add_typer(opt_out, name="opt-out")

PatientId = Annotated[str | None, typer.Argument(metavar="PATIENT_ID", help="The archive's PatientID.")]
Patients = Annotated[
    Path | None,
    typer.Option("--file", metavar="CSV", help="Column patient_id, perhaps issuer; - for standard input."),
]
Issuer = Annotated[str | None, typer.Option(help="IssuerOfPatientID; default: OSTEOCDS_ARCHIVE_ISSUER.")]
Tenant = Annotated[str | None, typer.Option(help="Default: OSTEOCDS_TENANT.")]


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


@app.command()
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
) -> None:
    """Take results back everywhere: own store, charts, exports, archive; links and cards say so.

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
        run_retract(RetractRequest(recall, kind, reason, by, yes))


queue = typer.Typer(help="Orders that wait, run or failed.", no_args_is_help=True)
app.add_typer(queue, name="queue")

Order = Annotated[str, typer.Argument(metavar="ORDER", help="Its id as listed, or an unmistakable beginning.")]


@queue.command("list")
def queue_list(
    json_to: Annotated[
        str | None, typer.Option("--json", metavar="FILE", help="Write the list as JSON; - for standard output.")
    ] = None,
) -> None:
    """Print what waits, runs or failed, since when and why; ids tell nothing of patients."""
    with exit_status():
        from cds.cli.queue import run_list

        run_list(json_to)


@queue.command("retry")
def queue_retry(order: Order) -> None:
    """Queue again what failed, or take now what waits on purpose."""
    with exit_status():
        from cds.cli.queue import run_retry

        run_retry(order)


@queue.command("drop")
def queue_drop(order: Order) -> None:
    """Work on it no more, and list it no more; the next order for the patient counts again after a day."""
    with exit_status():
        from cds.cli.queue import run_drop

        run_drop(order)


write_back = typer.Typer(help="Results on their way into charts of EHRs.", no_args_is_help=True)
app.add_typer(write_back, name="write-back")


@write_back.command("list")
def write_back_list(
    everything: Annotated[bool, typer.Option("--all", help="What is done, too.")] = False,
) -> None:
    """Print what waits, is unresolved or was given up, and why."""
    with exit_status():
        from cds.cli.write_back import run_list

        run_list(everything=everything)


@write_back.command("retry")
def write_back_retry(
    result: Annotated[str | None, typer.Argument(metavar="RESULT", help="Default: all that are not done.")] = None,
) -> None:
    """Try again now what waits, is unresolved or was given up."""
    with exit_status():
        from cds.cli.write_back import run_retry

        run_retry(result)


@write_back.command("keys")
def write_back_keys(
    ehr: Annotated[str | None, typer.Argument(metavar="NAME", help="Default: those of all EHRs.")] = None,
) -> None:
    """Print the public keys of this service as a JWK Set, to be registered at the EHR."""
    with exit_status():
        from cds.cli.write_back import run_keys

        run_keys(ehr)


@app.command()
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


@app.command()
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


@app.command()
def screen(  # noqa: PLR0913 - each is one choice of the user
    *,
    first: Annotated[
        datetime, typer.Option("--from", formats=["%Y-%m-%d"], metavar="DATE", help="First day of study.")
    ],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], metavar="DATE", help="Last day of study.")],
    patients: Annotated[
        Path | None, typer.Option(metavar="CSV", help="These alone: column patient_id, perhaps issuer.")
    ] = None,
    between: Annotated[
        str | None, typer.Option(metavar="HH:MM-HH:MM", help="Only then, by the clock of this machine.")
    ] = None,
    per_hour: Annotated[float, typer.Option(min=1, help="Patients queued in an hour, at most.")] = 600,
    requests_per_s: Annotated[
        float, typer.Option("--requests-per-s", min=0.01, help="Searches of the archive in a second, at most.")
    ] = 2,
    ahead: Annotated[int, typer.Option(min=1, help="Queued at once, at most; a few for each worker.")] = 4,
) -> None:
    """Queue a whole archive, newest first, after all that clinicians ask for; the same again goes on where it stopped.

    Left out: patients who are measured or queued already, were looked at in the last day, or have opted out.
    """
    with exit_status():
        from cds.cli.screen import ScreenRequest, run_screen

        run_screen(ScreenRequest(first.date(), last.date(), patients, between, per_hour, requests_per_s, ahead))


@app.command()
def drift() -> None:
    """Tell whether scanners read fat, muscle, blood and air otherwise than before. Exit status 3: one of them does."""
    with exit_status():
        from cds.cli.drift import run_drift

        run_drift()


@app.command()
def doctor(
    json_to: Annotated[
        str | None, typer.Option("--json", metavar="FILE", help="Write the findings as JSON; - for standard output.")
    ] = None,
) -> None:
    """Check settings, databases, archive, keys, model, disk, clock, workers, and say what to do. Changes nothing.

    Exit status: 0 nothing failed (there may be warnings), 1 something failed.
    """
    with exit_status():
        from cds.cli.doctor import run_doctor

        run_doctor(json_to)


@app.command()
def settings(
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write it there; else it is printed.")] = None,
) -> None:
    """Print every setting with its kind, default and meaning, as Markdown."""
    with exit_status():
        from cds.cli.settings import run_settings

        run_settings(out)
