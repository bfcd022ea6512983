"""`osteocds calibrate`."""

from pathlib import Path
from typing import Annotated

import typer

from cds.cli.faults import exit_status

calibrate = typer.Typer(
    help="Calibrate a scanner of the site: phantom rods, or pairs with QCT, become a coefficient file.",
    no_args_is_help=True,
    rich_markup_mode=None,  # help keeps the lines of its tables
)

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
