"""The audit row that each call leaves, however it ends."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import anyio
from anyio import to_thread

from cds.client import Client
from cds.ct.patient import PatientKey
from cds.hooks.problems import Problem
from cds.ports import NOTHING_TOLD, AuditRow, CallLog, Telling

_LONGEST_CALLER = 512


@dataclass(slots=True)
class CallNote:
    """What is known of one call so far; "failed" until something says otherwise."""

    event: str
    service: str
    client: Client
    user: str | None = None
    """FHIR reference on the client's server."""
    patient: PatientKey | None = None
    outcome: str = "failed"
    detail: str = ""
    unread: tuple[str, ...] = ()
    """Prefetch keys that the answer had to do without; for the log."""
    written: bool = False
    """Its row was written, or could not be."""

    @property
    def caller(self) -> str:
        """Such as "https://ehr.example.org Practitioner/7"."""
        return " ".join(filter(None, (self.client.issuer, self.user)))[:_LONGEST_CALLER]


class CallAudit:
    """Writes the rows in threads of a small pool of its own: they wait for the disk."""

    def __init__(self, log: CallLog, threads: int) -> None:
        self._log = log
        self._threads = anyio.CapacityLimiter(threads)

    @asynccontextmanager
    async def row(self, event: str, service: str, client: Client) -> AsyncIterator[CallNote]:
        """One row when the block ends; where it cannot be written, that is the call's answer."""
        note = CallNote(event, service, client)
        try:
            yield note
        except Problem as refused:
            note.outcome = f"refused-{refused.status}"
            raise
        finally:
            if not note.written:
                # A call that was cut off leaves its row too.
                with anyio.CancelScope(shield=True):
                    await to_thread.run_sync(self.write, note, limiter=self._threads)

    @asynccontextmanager
    async def refusals(self, event: str, service: str, client: Client) -> AsyncIterator[None]:
        """A row only where the block refuses the call, for what comes before `row`: reading the body."""
        try:
            yield
        except Problem:
            async with self.row(event, service, client):
                raise

    def write(self, note: CallNote, telling: Telling = NOTHING_TOLD) -> None:
        """For a block that is in a thread anyway, as the last thing it does; blocks."""
        note.written = True
        detail = f"{note.service}: {note.detail}" if note.detail else note.service
        self._log.record_call(AuditRow(note.event, note.patient, note.outcome, detail, note.caller), telling)
