"""`osteocds calibrate phantom | pairs`: a table of measurements becomes coefficient files of scanners.

read the table -> fit -> refuse what physics does not allow -> write -> say what was found and where it went
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cds.errors import CalibrationUnusable
from cds.inference.coefficient_document import MeasuredDocument, PhantomDocument
from cds.inference.coefficient_file import write_documents
from cds.inference.pairs_calibration import calibrate_by_pairs
from cds.inference.phantom_calibration import calibrate_by_phantom
from cds.inference.validity import DEFAULT_DAYS, Validity


@dataclass(frozen=True, slots=True)
class CalibrateRequest:
    """What the command line asked for."""

    table: Path
    out: Path
    valid_from: date | None = None
    valid_days: int = DEFAULT_DAYS


def run_phantom(request: CalibrateRequest) -> None:
    """Rods to coefficient files; raises `InputUnusable` with a sentence."""
    _finish(calibrate_by_phantom(request.table, _validity(request), _today()), request.out)


def run_pairs(request: CalibrateRequest, error_variance_ratio: float) -> None:
    """Pairs to coefficient files; raises `InputUnusable` with a sentence."""
    documents = calibrate_by_pairs(
        request.table, _validity(request), _today(), error_variance_ratio=error_variance_ratio
    )
    _finish(documents, request.out)


def _validity(request: CalibrateRequest) -> Validity:
    return Validity(request.valid_from, request.valid_days)


def _today() -> date:
    return datetime.now(UTC).date()


def _finish(documents: Sequence[MeasuredDocument], out: Path) -> None:
    paths = write_documents(documents, out)
    console = Console()
    for document, path in zip(documents, paths, strict=True):
        console.print(_found(document))
        console.print(f"written to {path}", soft_wrap=True, highlight=False)
    console.print(
        Text("Set OSTEOCDS_CALIBRATION_DIR to the folder of these files and start osteocds anew.", style="dim")
    )


def _found(document: MeasuredDocument) -> Table:
    scanner = document.scanner
    who = " ".join(filter(None, (scanner.manufacturer, scanner.model, scanner.station)))
    table = Table(
        box=box.SIMPLE, show_header=False, title=f"{who}, {document.kvp:g} kVp, {', '.join(document.kernels)}"
    )
    table.add_row("from", f"{_source(document)}, {document.basis}, measured {document.measured}")
    if isinstance(document, PhantomDocument):
        table.add_row(
            "slope",
            f"{document.measured_slope_hu_per_mg_cm3:.3f} HU per mg/cm3 (physics "
            f"{document.table_slope_hu_per_mg_cm3:.3f}), residual {document.residual_sd_hu:.1f} HU",
        )
    else:
        table.add_row(
            "QCT =",
            f"{document.deming_intercept_mg_cm3:+.1f} mg/cm3 + {document.deming_slope:.3f} x ours, residual "
            f"{document.residual_sd_mg_cm3:.1f} mg/cm3",
        )
    table.add_row("slope factor", f"{document.slope_factor:.3f} (SD {document.slope_factor_sd:.3f})")
    table.add_row("offset", f"{round(document.offset_hu, 1) + 0.0:+.1f} HU (SD {document.offset_sd_hu:.1f})")
    table.add_row("scans from", f"{document.valid_from} to {document.valid_until}")
    return table


def _source(document: MeasuredDocument) -> str:
    if isinstance(document, PhantomDocument):
        return f"{document.rods} rods of phantom {document.phantom}"
    return (
        f"{document.pairs} pairs with QCT ({document.phantom}), error variance ratio {document.error_variance_ratio:g}"
    )


def day_of(text: str | None) -> date | None:
    """An option's date; raises `CalibrationUnusable` for none."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise CalibrationUnusable(f"--valid-from {text}: no date such as 2026-03-01") from None
