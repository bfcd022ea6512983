"""Tables of rods or pairs as a physicist keeps them: CSV with a header, commas, points as decimal signs.

No column may identify a patient: the table is kept beside its coefficient file, and none is needed.
"""

import csv
import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from math import isfinite
from pathlib import Path
from typing import Final

from cds.errors import CalibrationUnusable
from cds.inference.scanner_calibration import ScannerIdentity

IDENTITY_COLUMNS: Final = ("manufacturer", "model", "station", "kvp", "kernel")
KERNEL_SEPARATOR: Final = "|"

_IDENTIFIES = re.compile(
    r"patient|birth|accession|\b(dob|mrn|ssn|nhs|pid|name)\b|(sur|fore|first|last|given|family|full) ?name"
)
_LONGEST = 64
"""As DICOM's LO."""
_WORD_BREAK = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Protocol:
    """Scanner, tube voltage and kernels that one measurement holds for."""

    scanner: ScannerIdentity
    kvp: float
    kernels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; every fault is told with its line number."""

    line: int
    cells: Mapping[str, str]

    def text(self, column: str) -> str:
        """What is written there; raises `CalibrationUnusable` where it is empty."""
        value = self.cells.get(column, "")
        if not value:
            raise CalibrationUnusable(f"line {self.line}: {column} is empty")
        if len(value) > _LONGEST:
            raise CalibrationUnusable(f"line {self.line}: {column} is longer than {_LONGEST} characters")
        return value

    def optional(self, column: str) -> str | None:
        """What is written there; None for nothing or no such column."""
        return self.text(column) if self.cells.get(column) else None

    def number(self, column: str) -> float:
        """A finite number."""
        written = self.text(column)
        try:
            value = float(written)
        except ValueError:
            hint = "; decimal signs are points" if "," in written else ""
            raise CalibrationUnusable(f"line {self.line}: {column} is {written!r}, no number{hint}") from None
        if not isfinite(value):
            raise CalibrationUnusable(f"line {self.line}: {column} is {written!r}, no number")
        return value

    def optional_number(self, column: str) -> float | None:
        """A finite number; None for nothing or no such column."""
        return None if self.optional(column) is None else self.number(column)

    def day(self, column: str, today: date) -> date:
        """A date, YYYY-MM-DD, not in the future."""
        written = self.text(column)
        try:
            value = date.fromisoformat(written)
        except ValueError:
            raise CalibrationUnusable(
                f"line {self.line}: {column} is {written!r}, no date such as 2026-03-01"
            ) from None
        if value > today:
            raise CalibrationUnusable(f"line {self.line}: {column} {value} lies in the future")
        return value

    def choice(self, column: str, choices: Collection[str]) -> str:
        """One of a few words."""
        written = self.text(column)
        if written not in choices:
            raise CalibrationUnusable(f"line {self.line}: {column} is {written!r}, not {' or '.join(sorted(choices))}")
        return written

    def protocol(self) -> Protocol:
        """Scanner, tube voltage, kernels (several separated by |; of a DICOM value with several parts the first)."""
        scanner = ScannerIdentity(self.text("manufacturer"), self.text("model"), self.optional("station"))
        kernels = tuple(
            filter(None, (each.split("\\")[0].strip() for each in self.text("kernel").split(KERNEL_SEPARATOR)))
        )
        if not kernels:
            raise CalibrationUnusable(f"line {self.line}: kernel names none")
        return Protocol(scanner, self.number("kvp"), kernels)


@dataclass(frozen=True, slots=True)
class CsvTable:
    """The rows of one file, and what identifies the file."""

    rows: Sequence[Row]
    sha256: str


def read_table(path: Path, required: Sequence[str], optional: Sequence[str] = ()) -> CsvTable:
    """Every row as text under known headings; raises `CalibrationUnusable` naming the file and line."""
    try:
        content = path.read_bytes()
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise CalibrationUnusable(f"{path} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CalibrationUnusable(f"{path} is no text in UTF-8; save it as CSV UTF-8") from error
    lines = csv.reader(text.splitlines())
    headings = [cell.strip().lower() for cell in next(lines, [])]
    _refuse_headings(path, headings, required, optional)
    rows = []
    for line, cells in enumerate(lines, start=2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(headings):
            raise CalibrationUnusable(
                f"{path}, line {line}: {len(cells)} cells under {len(headings)} headings; decimal signs are points"
            )
        rows.append(Row(line, dict(zip(headings, (cell.strip() for cell in cells), strict=True))))
    if not rows:
        raise CalibrationUnusable(f"{path} has no rows below its headings")
    return CsvTable(rows, hashlib.sha256(content).hexdigest())


def _refuse_headings(path: Path, headings: Sequence[str], required: Sequence[str], optional: Sequence[str]) -> None:
    if len(headings) == 1 and ";" in headings[0]:
        raise CalibrationUnusable(f"{path}: columns are separated by semicolons; save it with commas")
    for heading in headings:
        if _IDENTIFIES.search(_WORD_BREAK.sub(" ", heading).strip()):
            raise CalibrationUnusable(
                f"{path}: the column {heading!r} looks as if it identified a patient; none is needed: remove it"
            )
    known = (*required, *optional)
    for heading in headings:
        if heading not in known:
            near = get_close_matches(heading, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
            raise CalibrationUnusable(f"{path}: unknown column {heading!r}; {hint}")
    if len(set(headings)) < len(headings):
        raise CalibrationUnusable(f"{path}: a column stands there twice")
    missing = [column for column in required if column not in headings]
    if missing:
        raise CalibrationUnusable(f"{path}: the column {missing[0]} is missing; needed are {', '.join(required)}")
