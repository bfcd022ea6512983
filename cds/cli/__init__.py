"""The command line: `osteocds serve | worker | assess | demo ...`, see `osteocds --help`.

Each command is a few lines here or in `*_commands.py`, and a file of its own, imported when it runs:
`osteocds --help` need not wait for torch.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from cds.cli import operating_commands, result_commands
from cds.cli.calibrate_commands import calibrate
from cds.cli.faults import exit_status
from cds.cli.logs import send_logs_to_stderr
from cds.cli.opt_out_commands import opt_out
from cds.cli.queue_commands import queue
from cds.cli.write_back_commands import write_back

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


app.add_typer(result_commands.commands)
app.add_typer(operating_commands.commands)
app.add_typer(calibrate, name="calibrate")
app.add_typer(opt_out, name="opt-out")
app.add_typer(queue, name="queue")
app.add_typer(write_back, name="write-back")
