"""What an operator does with a service: modes, sweeps of the archive, checks."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import typer

from cds.cli.faults import exit_status

commands = typer.Typer()


@commands.command()
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


@commands.command()
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


@commands.command()
def drift() -> None:
    """Tell whether scanners read fat, muscle, blood and air otherwise than before. Exit status 3: one of them does."""
    with exit_status():
        from cds.cli.drift import run_drift

        run_drift()


@commands.command()
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


@commands.command()
def settings(
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write it there; else it is printed.")] = None,
) -> None:
    """Print every setting with its kind, default and meaning, as Markdown."""
    with exit_status():
        from cds.cli.settings import run_settings

        run_settings(out)
