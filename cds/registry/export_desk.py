"""Bulk exports as a client sees them: begun, asked about, fetched, cancelled."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

from cds.export import Export, ExportFile
from cds.ports import AuditLog, Clock, Exports, ResourceStore
from cds.registry.door import Caller
from cds.registry.export_files import ExportFiles
from cds.registry.export_query import Kickoff, read_export
from cds.registry.export_runner import ExportRunner
from cds.registry.refusals import Refused

_ASK_AGAIN_S = "5"
_TOO_MANY_RETRY_S = "60"


@dataclass(frozen=True, slots=True)
class ExportRules:
    """What the site sets."""

    base_url: str
    keep: timedelta
    parallel: int
    """Unfinished exports that one registry may have."""


@dataclass(frozen=True, slots=True)
class ExportDesk:
    """Everything about one export asks first whose it is: of another client's, nobody learns that it is there."""

    exports: Exports
    store: ResourceStore
    files: ExportFiles
    runner: ExportRunner
    rules: ExportRules
    audit: AuditLog
    clock: Clock

    def begin(self, caller: Caller, kickoff: Kickoff) -> str:
        """Where to ask about the new export; raises `Refused`."""
        client = caller.client
        request = read_export(client, caller.view, kickoff)
        self.runner.tidy(self.rules.keep)
        job = self.exports.begin(client.client_id, request, self.rules.parallel)
        if job is None:
            raise Refused(429, "Too many exports at once: wait for one to end.", {"Retry-After": _TOO_MANY_RETRY_S})
        self.audit.record("export-begun", None, "accepted", " ".join(request.types), caller=client.client_id)
        self.runner.take_up(job.export_id)
        return f"{self.rules.base_url}/export/{job.export_id}"

    def state(self, caller: Caller, export_id: str) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and body of the answer; raises `Refused`."""
        job = self._of(caller, export_id)
        if job.state == "failed":
            raise Refused(500, "The export failed, and gave no files; begin it again.")
        if job.state != "complete" or job.completed_at is None:
            self.runner.take_up(job.export_id)
            done = min(job.progress.type_number, len(job.request.types))
            told = f"{done} of {len(job.request.types)} types, {sum(each.count for each in job.files)} resources"
            return 202, {"X-Progress": told, "Retry-After": _ASK_AGAIN_S}, b""
        expires = format_datetime((job.completed_at + self.rules.keep).astimezone(UTC), usegmt=True)
        return 200, {"Expires": expires}, json.dumps(self._manifest(job)).encode()

    def file(self, caller: Caller, export_id: str, name: str) -> Path:
        """Where a complete file lies; raises `Refused`."""
        job = self._of(caller, export_id)
        listed: Mapping[str, ExportFile] = {each.name: each for each in job.files}
        if job.state != "complete" or name not in listed:
            raise Refused(404, "There is no such file.")
        caller.check("search", listed[name].type)
        if self.store.opted_out_since(job.request.tenant, job.created_at):
            raise Refused(410, "A patient has opted out since this export was begun: begin it again.")
        path = self.files.path(job.export_id, name)
        if not path.is_file() or not self.exports.hand_out(export_id, listed[name].type):
            raise Refused(410, "The file is not here any more: begin the export again.")
        self.audit.record("export-fetched", None, "served", name, caller=caller.client.client_id)
        return path

    def cancel(self, caller: Caller, export_id: str) -> None:
        """No file of it is given out any more; raises `Refused`."""
        job = self._of(caller, export_id)
        self.exports.cancel(job.export_id)
        self.files.remove(job.export_id)
        self.audit.record("export-cancelled", None, "cancelled", caller=caller.client.client_id)

    def _of(self, caller: Caller, export_id: str) -> Export:
        job = self.exports.read(export_id)
        if job is None or job.client_id != caller.client.client_id or job.state == "cancelled":
            raise Refused(404, "There is no such export, or it was cancelled, or it is no longer kept.")
        if job.state == "withdrawn":
            self.files.remove(job.export_id)
            raise Refused(410, "A result in this export was taken back or forgotten: begin it again.")
        if job.completed_at is not None and job.completed_at + self.rules.keep <= self.clock.now():
            raise Refused(410, "The export is no longer kept: begin it again.")
        return job

    def _manifest(self, job: Export) -> dict[str, object]:
        at = f"{self.rules.base_url}/export/{job.export_id}"
        moment = datetime.fromtimestamp(job.as_of / 1000, UTC).isoformat(timespec="milliseconds")
        return {
            "transactionTime": moment.replace("+00:00", "Z"),
            "request": job.request.url,
            "requiresAccessToken": True,
            "output": [{"type": each.type, "url": f"{at}/{each.name}", "count": each.count} for each in job.files],
            "error": [],
        }
