"""`osteocds opt-out add | remove | list`: patients who do not want their images looked at.

Identifiers are printed by `list` alone; no message, log line or error repeats one.
"""

import csv
import io
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cds.cli.configuration import read_settings
from cds.cli.mode import CALLER
from cds.ct.patient import IdentifierRefused, PatientKey
from cds.errors import InputUnusable
from cds.settings import Settings
from cds.storage.audit_log import SqlAuditLog
from cds.storage.opt_outs import SqlOptOuts
from cds.wiring.clock import SystemClock
from cds.wiring.records import open_records

_STANDARD_INPUT = Path("-")


@dataclass(frozen=True, slots=True)
class OptOutRequest:
    """Who is meant: one patient, or those of a file."""

    patient_id: str | None = None
    file: Path | None = None
    issuer: str | None = None
    """Default: the archive's, as the settings have it."""
    tenant: str | None = None
    """Default: that of the settings."""


def run_add(request: OptOutRequest) -> None:
    """Put them on the list; raises `InputUnusable`, and then nobody is added."""
    settings = read_settings()
    patients = patients_of(request, settings)
    with open_records(settings) as engine:
        added = SqlOptOuts(engine, SystemClock()).add(patients)
        _note(SqlAuditLog(engine, SystemClock()), "opt-out-added", added)
    typer.echo(f"{len(added)} added, {len(patients) - len(added)} on the list already")


def run_remove(request: OptOutRequest) -> None:
    """Take them off the list; raises `InputUnusable`, also where none of them is on it."""
    settings = read_settings()
    patients = patients_of(request, settings)
    with open_records(settings) as engine:
        removed = SqlOptOuts(engine, SystemClock()).remove(patients)
        _note(SqlAuditLog(engine, SystemClock()), "opt-out-removed", removed)
    if not removed:
        raise InputUnusable("not on the list under this identifier, issuer and tenant; see osteocds opt-out list")
    typer.echo(f"{len(removed)} removed, {len(patients) - len(removed)} were not on the list")


def run_list() -> None:
    """Print the whole list."""
    table = Table(box=box.SIMPLE_HEAD)
    for heading in ("patient", "issuer", "tenant", "since (UTC)"):
        table.add_column(heading, overflow="fold")
    with open_records(read_settings()) as engine:
        for each in SqlOptOuts(engine, SystemClock()).listed():
            key = each.patient
            table.add_row(
                Text(key.patient_id), Text(key.issuer or "-"), Text(key.tenant), f"{each.since:%Y-%m-%d %H:%M}"
            )
    Console().print(table)


def _note(audit: SqlAuditLog, event: str, patients: Iterable[PatientKey]) -> None:
    for patient in patients:
        audit.record(event, patient, "ok", caller=CALLER)


def patients_of(request: OptOutRequest, settings: Settings) -> Sequence[PatientKey]:
    """The keys, each once; raises `InputUnusable`."""
    if (request.patient_id is None) == (request.file is None):
        raise InputUnusable("name one PATIENT_ID, or give --file CSV")
    usual_issuer = request.issuer if request.issuer is not None else settings.archive_issuer
    tenant = request.tenant or settings.tenant
    if request.file is None:
        return [_key(tenant, request.patient_id or "", usual_issuer, "PATIENT_ID")]
    rows = _rows(request.file)
    keys = (
        _key(tenant, row.get("patient_id") or "", row.get("issuer") or usual_issuer, f"{request.file}: line {line}")
        for line, row in rows
    )
    return list(dict.fromkeys(keys))


def _key(tenant: str, patient_id: str, issuer: str | None, where: str) -> PatientKey:
    """Trimmed, as the archive's padding is."""
    try:
        return PatientKey(tenant, patient_id.strip(), None if issuer is None else issuer.strip())
    except IdentifierRefused as refused:
        raise InputUnusable(f"{where}: {refused}") from None


def _rows(file: Path) -> Sequence[tuple[int, dict[str, str | None]]]:
    """(line, row) of a table with the column patient_id and perhaps issuer."""
    try:
        text = sys.stdin.read() if file == _STANDARD_INPUT else file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputUnusable(f"{file} cannot be read ({type(error).__name__}); a CSV file in UTF-8 is needed") from None
    reader = csv.DictReader(io.StringIO(text, newline=""))
    if "patient_id" not in (reader.fieldnames or ()):
        raise InputUnusable(f"{file}: the first line should name the column patient_id, and perhaps issuer")
    return [(reader.line_num, row) for row in reader]
