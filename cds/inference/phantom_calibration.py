"""A CSV of phantom rods becomes coefficient files: one a scanner, tube voltage, kernel group and date."""

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Final, Literal, cast

import cds
from cds.errors import CalibrationUnusable
from cds.inference.calibration_csv import IDENTITY_COLUMNS, Protocol, Row, read_table
from cds.inference.coefficient_document import SCHEMA_VERSION, PhantomDocument, ScannerDocument
from cds.inference.validity import Validity
from models.hu_calibration.phantom_fit import PhantomFit, PhantomScan, fit_phantom
from models.hu_calibration.rod_line import Rod
from models.hu_calibration.scanner_coefficients import CalibrationRefusedError
from models.hu_calibration.slope_table import Basis, SlopeTable

PHANTOM_COLUMNS: Final = (
    *IDENTITY_COLUMNS,
    "phantom",
    "date",
    "water_equivalent_diameter_cm",
    "rod_density_mg_cm3",
    "basis",
    "rod_hu",
)
OPTIONAL_COLUMNS: Final = ("rod_hu_sd", "rod_water_mg_cm3", "rod_position")
_DIGITS = 6


def calibrate_by_phantom(path: Path, validity: Validity, today: date) -> list[PhantomDocument]:
    """One document for each scan of a phantom in the table.

    Raises `CalibrationUnusable` where the table cannot be read, or where no believable line follows.
    """
    table = read_table(path, PHANTOM_COLUMNS, OPTIONAL_COLUMNS)
    try:
        return [
            _document(protocol, day, scan, table.sha256, validity.for_scan_of(day, today))
            for protocol, day, scan in _scans(table.rows, today)
        ]
    except CalibrationUnusable as error:
        raise CalibrationUnusable(f"{path}: {error}") from error


def _scans(rows: Sequence[Row], today: date) -> Iterable[tuple[Protocol, date, PhantomScan]]:
    """Rows of one scanner, tube voltage, kernels, phantom and date belong together, in whatever order."""

    def group(row: Row) -> tuple[str, ...]:
        return tuple(row.cells.get(column, "") for column in (*IDENTITY_COLUMNS, "phantom", "date"))

    for _, found in groupby(sorted(rows, key=group), key=group):
        members = list(found)
        first = members[0]
        yield first.protocol(), first.day("date", today), _scan(members)


def _scan(rows: Sequence[Row]) -> PhantomScan:
    first = rows[0]
    for row in rows:
        for column in ("water_equivalent_diameter_cm", "basis", "rod_position"):
            if row.optional(column) != first.optional(column):
                raise CalibrationUnusable(
                    f"lines {first.line} and {row.line} are of one scan but differ in {column}; rods elsewhere in the "
                    "phantom are a scan of their own, in a file of its own"
                )
    return PhantomScan(
        rods=tuple(
            Rod(
                row.number("rod_density_mg_cm3"),
                row.number("rod_hu"),
                row.optional_number("rod_hu_sd"),
                row.optional_number("rod_water_mg_cm3"),
            )
            for row in rows
        ),
        kvp=first.number("kvp"),
        water_equivalent_diameter_cm=first.number("water_equivalent_diameter_cm"),
        basis=cast("Basis", first.choice("basis", ("K2HPO4", "HA"))),
        brand=first.text("phantom"),
        position=_position(first),
    )


def _position(row: Row) -> Literal["centre", "edge"]:
    if row.optional("rod_position") is None:
        return "centre"
    return "edge" if row.choice("rod_position", ("centre", "edge")) == "edge" else "centre"


def _document(
    protocol: Protocol, day: date, scan: PhantomScan, sha256: str, period: tuple[date, date]
) -> PhantomDocument:
    fit = _fitted(protocol, scan)
    known = fit.coefficients
    return PhantomDocument(
        schema_version=SCHEMA_VERSION,
        kind="phantom",
        scanner=ScannerDocument(
            manufacturer=protocol.scanner.manufacturer, model=protocol.scanner.model, station=protocol.scanner.station
        ),
        kvp=protocol.kvp,
        kernels=protocol.kernels,
        phantom=scan.brand,
        basis=scan.basis,
        measured=day,
        valid_from=period[0],
        valid_until=period[1],
        slope_factor=round(known.slope_factor, _DIGITS),
        slope_factor_sd=round(known.slope_factor_sd, _DIGITS),
        offset_hu=round(known.offset_hu, _DIGITS),
        offset_sd_hu=round(known.offset_sd_hu, _DIGITS),
        rods=len(scan.rods),
        residual_sd_hu=round(fit.line.residual_sd_hu, _DIGITS),
        measured_slope_hu_per_mg_cm3=round(fit.line.slope_hu_per_mg_cm3, _DIGITS),
        table_slope_hu_per_mg_cm3=round(fit.table_slope_hu_per_mg_cm3, _DIGITS),
        water_equivalent_diameter_cm=scan.water_equivalent_diameter_cm,
        rod_position=scan.position,
        source_csv_sha256=sha256,
        osteocds_version=cds.__version__,
    )


def _fitted(protocol: Protocol, scan: PhantomScan) -> PhantomFit:
    try:
        return fit_phantom(scan, SlopeTable.load())
    except CalibrationRefusedError as error:
        scanner = protocol.scanner
        raise CalibrationUnusable(
            f"{scanner.manufacturer} {scanner.model}, {protocol.kvp:g} kVp, {scan.brand}: {error}"
        ) from error
