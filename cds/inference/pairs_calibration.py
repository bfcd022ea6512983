"""A CSV of pairs (our vBMD and QCT of one patient each) becomes coefficient files, one a scanner and protocol."""

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Final, cast

import cds
from cds.errors import CalibrationUnusable
from cds.inference.calibration_csv import IDENTITY_COLUMNS, Row, read_table
from cds.inference.coefficient_document import SCHEMA_VERSION, PairsDocument, ScannerDocument
from cds.inference.validity import Validity
from models.hu_calibration.pairs_fit import PairsFit, fit_pairs
from models.hu_calibration.phantoms import phantom_of
from models.hu_calibration.scanner_coefficients import CalibrationRefusedError
from models.hu_calibration.slope_table import Basis, SlopeTable

PAIRS_COLUMNS: Final = (*IDENTITY_COLUMNS, "date", "vbmd_mg_cm3", "qct_mg_cm3", "phantom")
OPTIONAL_COLUMNS: Final = ("basis",)
_DIGITS = 6


def calibrate_by_pairs(
    path: Path, validity: Validity, today: date, *, error_variance_ratio: float = 1.0
) -> list[PairsDocument]:
    """One document for each scanner, tube voltage, kernel group and QCT phantom in the table.

    `error_variance_ratio`: var(error of QCT) / var(our error). Raises `CalibrationUnusable` where the
    table cannot be read, or where no believable line follows.
    """
    table = read_table(path, PAIRS_COLUMNS, OPTIONAL_COLUMNS)
    try:
        return [_document(rows, table.sha256, validity, today, error_variance_ratio) for rows in _groups(table.rows)]
    except CalibrationUnusable as error:
        raise CalibrationUnusable(f"{path}: {error}") from error


def _groups(rows: Sequence[Row]) -> Iterable[Sequence[Row]]:
    """Rows of one scanner, tube voltage, kernels, QCT phantom and basis, in whatever order they stand."""

    def group(row: Row) -> tuple[str, ...]:
        return tuple(row.cells.get(column, "") for column in (*IDENTITY_COLUMNS, "phantom", "basis"))

    for _, found in groupby(sorted(rows, key=group), key=group):
        yield list(found)


def _document(rows: Sequence[Row], sha256: str, validity: Validity, today: date, ratio: float) -> PairsDocument:
    first = rows[0]
    protocol, phantom, basis = first.protocol(), first.text("phantom"), _basis(first)
    days = [row.day("date", today) for row in rows]
    fit = _fitted(rows, protocol.kvp, basis, ratio)
    begins, ends = validity.between(min(days), max(days), today)
    known, scanner = fit.coefficients, protocol.scanner
    return PairsDocument(
        schema_version=SCHEMA_VERSION,
        kind="pairs",
        scanner=ScannerDocument(manufacturer=scanner.manufacturer, model=scanner.model, station=scanner.station),
        kvp=protocol.kvp,
        kernels=protocol.kernels,
        phantom=phantom,
        basis=basis,
        measured=max(days),
        valid_from=begins,
        valid_until=ends,
        slope_factor=round(known.slope_factor, _DIGITS),
        slope_factor_sd=round(known.slope_factor_sd, _DIGITS),
        offset_hu=round(known.offset_hu, _DIGITS),
        offset_sd_hu=round(known.offset_sd_hu, _DIGITS),
        pairs=len(rows),
        residual_sd_mg_cm3=round(fit.line.residual_sd, _DIGITS),
        deming_slope=round(fit.line.slope, _DIGITS),
        deming_intercept_mg_cm3=round(fit.line.intercept, _DIGITS),
        error_variance_ratio=ratio,
        source_csv_sha256=sha256,
        osteocds_version=cds.__version__,
    )


def _basis(row: Row) -> Basis:
    """On which scale the QCT was read: the brand says so, or a column of its own."""
    known = phantom_of(row.text("phantom"))
    stated = None if row.optional("basis") is None else row.choice("basis", ("K2HPO4", "HA"))
    if known is None and stated is None:
        raise CalibrationUnusable(
            f"line {row.line}: phantom {row.text('phantom')} is not known here; add a column basis with K2HPO4 or HA"
        )
    if known is not None and stated not in (None, known.basis):
        raise CalibrationUnusable(
            f"line {row.line}: phantom {row.text('phantom')} states {known.basis}, the column basis says {stated}"
        )
    return cast("Basis", stated) if known is None else known.basis


def _fitted(rows: Sequence[Row], kvp: float, basis: Basis, ratio: float) -> PairsFit:
    first = rows[0]
    try:
        return fit_pairs(
            [row.number("vbmd_mg_cm3") for row in rows],
            [row.number("qct_mg_cm3") for row in rows],
            SlopeTable.load(),
            kvp=kvp,
            qct_basis=basis,
            error_variance_ratio=ratio,
        )
    except CalibrationRefusedError as error:
        raise CalibrationUnusable(
            f"{first.text('manufacturer')} {first.text('model')}, {kvp:g} kVp: {error}"
        ) from error
