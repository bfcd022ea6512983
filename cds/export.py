"""A bulk export: what was asked for, how far it is; no HTTP, no files."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from cds.registry_client import Deidentification

ExportState = Literal["queued", "running", "complete", "failed", "cancelled", "withdrawn"]
"""Withdrawn: it holds a result that was taken back since."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRequest:
    """Everything that decides what comes out, so that whoever takes the job over makes the same files."""

    url: str
    """As the client asked."""
    tenant: str
    groups: tuple[str, ...] | None
    """Names of member lists; None for every patient of the tenant."""
    types: tuple[str, ...]
    since: int | None = None
    """Milliseconds since 1970: only what was stored later."""
    filters: tuple[str, ...] = ()
    """As `_typeFilter` writes them: "Observation?status=final"."""
    deidentification: Deidentification = "none"


@dataclass(frozen=True, slots=True)
class ExportFile:
    """A complete file."""

    type: str
    name: str
    count: int


@dataclass(frozen=True, slots=True)
class ExportProgress:
    """Where the next file begins: behind a resource of a type, or at the beginning of the type."""

    type_number: int = 0
    after_moment: int | None = None
    after_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """A job as it is on record."""

    export_id: str
    client_id: str
    request: ExportRequest
    as_of: int
    """It shows things as they stood at this moment, however long it takes."""
    state: ExportState
    created_at: datetime
    completed_at: datetime | None = None
    files: tuple[ExportFile, ...] = ()
    progress: ExportProgress = field(default_factory=ExportProgress)


@dataclass(frozen=True, slots=True)
class HandedOut:
    """A client has fetched files that hold a result, or may hold it."""

    client_id: str
    at: datetime
    """Of the first file."""
    deidentification: Deidentification
    sure: bool
    """False where the client asked with filters, which the result may not have passed."""
