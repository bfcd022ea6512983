"""`osteocds export`: the stored results as files, for people without a FHIR client.

ndjson   a folder with one file for each resource type, as a bulk export would give
csv      one file with a row for each Observation

Patients who opted out are left out. A file is there whole or not at all.
"""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Literal

import typer

from cds.cli.configuration import read_settings
from cds.cli.mode import CALLER
from cds.errors import InputUnusable, OutputNotWritable
from cds.registry.csv_rows import COLUMNS, identifier_of, row_of
from cds.registry.every import every
from cds.registry.views import View, Views
from cds.registry_client import Deidentification
from cds.resource import Criterion, Interval, Reach, ResourceSearch, Within
from cds.security.registries_file import read_registries
from cds.settings import Settings
from cds.storage.audit_log import SqlAuditLog
from cds.storage.resource_queries import SqlResources
from cds.wiring.clock import SystemClock
from cds.wiring.records import open_records

_PSEUDONYMS_OF = "osteocds export"
"""Stands for the registry whose pseudonyms these are: those of the API are others."""
_FEWEST_BYTES = 32


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What is wanted."""

    out: Path
    format: Literal["ndjson", "csv"] = "ndjson"
    since: datetime | None = None
    """Only what was stored later; without a zone, UTC."""
    deidentify: Deidentification = "none"
    secret_file: Path | None = None
    tenant: str | None = None


def run_export(request: ExportRequest) -> None:
    """Write the files and say how much is in them; raises `InputUnusable` and `OutputNotWritable`."""
    settings = read_settings()
    views = _views(request, settings)
    with open_records(settings) as engine:
        store = SqlResources(engine)
        source = _Source(store, views.of(_PSEUDONYMS_OF, request.deidentify), request, settings, store.last_moment())
        try:
            written = _write_csv(source) if request.format == "csv" else _write_ndjson(source)
        except OSError as fault:
            raise OutputNotWritable(f"{request.out} cannot be written: {fault.strerror}") from fault
        detail = f"{request.format} {request.deidentify} {written}"
        SqlAuditLog(engine, SystemClock()).record("export-written", None, "served", detail, caller=CALLER)
    moment = datetime.fromtimestamp(source.as_of / 1000, UTC).isoformat(timespec="milliseconds")
    typer.echo(f"{written} written to {request.out}; continue with --since {moment.replace('+00:00', 'Z')}")


@dataclass(frozen=True, slots=True)
class _Source:
    """What is written, as of one moment."""

    store: SqlResources
    view: View
    request: ExportRequest
    settings: Settings
    as_of: int

    def lines(self, kind: str, *, whole: bool = False) -> Iterator[bytes]:
        """Every resource of a type; `whole`: whenever it was stored."""
        criteria: list[Criterion] = []
        if self.request.since is not None and not whole:
            since = self.request.since if self.request.since.tzinfo else self.request.since.replace(tzinfo=UTC)
            criteria.append(Within("last_updated", (Interval(int(since.timestamp() * 1000) + 1, None),)))
        reach = Reach(self.request.tenant or self.settings.tenant)
        search = ResourceSearch(type=kind, reach=reach, as_of=self.as_of, criteria=tuple(criteria))
        return (self.view.shown(each) for each in every(self.store, search))


def _write_ndjson(source: _Source) -> str:
    source.request.out.mkdir(parents=True, exist_ok=True)
    total = 0
    for kind in source.view.types:
        with _whole(source.request.out / f"{kind}.ndjson") as sink:
            for line in source.lines(kind):
                sink.write(line.decode() + "\n")
                total += 1
    return f"{total} resources"


def _write_csv(source: _Source) -> str:
    source.request.out.parent.mkdir(parents=True, exist_ok=True)
    identifiers = dict(identifier_of(line) for line in source.lines("Patient", whole=True))
    total = 0
    with _whole(source.request.out) as sink:
        table = csv.DictWriter(sink, COLUMNS, lineterminator="\n")
        table.writeheader()
        for line in source.lines("Observation"):
            table.writerow(row_of(line, identifiers))
            total += 1
    return f"{total} Observations"


@contextmanager
def _whole(path: Path) -> Iterator[IO[str]]:
    """A file that gets its name when it is complete; readable by its owner alone."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        with partial.open("w", encoding="utf-8", newline="") as sink:
            partial.chmod(0o600)
            yield sink
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _views(request: ExportRequest, settings: Settings) -> Views:
    year = datetime.now(UTC).year
    if request.deidentify == "none":
        return Views(None, lambda: year)
    if request.secret_file is not None:
        try:
            secret = request.secret_file.read_bytes().strip()
        except OSError as fault:
            raise InputUnusable(f"{request.secret_file} cannot be read: {fault.strerror}") from fault
        if len(secret) < _FEWEST_BYTES:
            raise InputUnusable(f"{request.secret_file} is shorter than {_FEWEST_BYTES} bytes")
        return Views(secret, lambda: year)
    if settings.registries_file is None:
        raise InputUnusable("pseudonyms need a secret: name a file with --pseudonym-secret")
    registries = read_registries(settings.registries_file, settings)
    if registries.pseudonym_secret is None:
        raise InputUnusable("pseudonyms need a secret: set pseudonym_secret_file, or --pseudonym-secret")
    return Views(registries.pseudonym_secret, lambda: year, registries.shift_days_at_most)
