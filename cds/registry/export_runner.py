"""Works on bulk exports beside the calls: one thread, file by file, so that a crash costs one file.

A job that lost its worker is carried on by whichever replica is asked about it next: from behind
the last complete file, as of the same moment, and so with the same lines.
"""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta

import structlog

from cds.export import Export, ExportFile, ExportProgress
from cds.ports import Clock, Exports
from cds.registry.export_files import ExportFiles, Stopped
from cds.registry.export_query import ExportSearches
from cds.registry.views import View, Views
from cds.resource import Position

_RENEW_EVERY_S = 5.0


class ExportRunner:
    """Takes up exports by their id."""

    def __init__(
        self, exports: Exports, files: ExportFiles, views: Views, identifier_system: str | None, clock: Clock
    ) -> None:
        self._exports = exports
        self._files = files
        self._views = views
        self._identifier_system = identifier_system
        self._clock = clock
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="export")
        self._stopping = threading.Event()
        self._mine: set[str] = set()
        self._log = structlog.get_logger("osteocds.registry")

    def take_up(self, export_id: str) -> None:
        """Work on it as soon as possible, unless somebody does already."""
        if export_id not in self._mine:
            self._mine.add(export_id)
            self._pool.submit(self.work_on, export_id)

    def tidy(self, keep: timedelta) -> None:
        """Forget exports that ended long enough ago, and their files."""
        for export_id in self._exports.forget_before(self._clock.now() - keep):
            self._files.remove(export_id)

    def close(self) -> None:
        """Stop after the page that is being written; the job is handed back."""
        self._stopping.set()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def work_on(self, export_id: str) -> None:
        """In the thread of the pool."""
        try:
            lease = self._exports.claim(export_id)
            job = self._exports.read(export_id)
            if lease is not None and job is not None:
                self._work(job, lease)
        except Exception as fault:  # noqa: BLE001 - the border of the thread; whoever polls takes the job up again
            self._log.error("export interrupted", export=export_id, kind=type(fault).__name__)
        finally:
            self._mine.discard(export_id)

    def _work(self, job: Export, lease: str) -> None:
        work = _Work(job, lease, self._exports, self._clock, self._stopping)
        view = self._views.of(job.client_id, job.request.deidentification)
        try:
            while work.progress.type_number < len(job.request.types):
                self._write_next(work, view)
        except Stopped:
            if self._stopping.is_set():
                self._exports.end(job.export_id, lease, "queued")
            else:
                self._files.remove(job.export_id)  # cancelled
            return
        except OSError as fault:
            self._log.error("export failed", export=job.export_id, kind=type(fault).__name__, why=fault.strerror)
            self._exports.end(job.export_id, lease, "failed")
            self._files.remove(job.export_id)
            return
        self._exports.end(job.export_id, lease, "complete")
        self._log.info("export complete", export=job.export_id, lines=sum(each.count for each in work.files))

    def _write_next(self, work: "_Work", view: View) -> None:
        """One file, or the step to the next type."""
        job, at = work.job, work.progress
        kind = job.request.types[at.type_number]
        after = None if at.after_moment is None else Position(at.after_moment, at.after_id)
        search = ExportSearches(view, self._identifier_system).of(job.request, kind, job.as_of, after)
        number = 1 + sum(each.type == kind for each in work.files)
        written = self._files.write(job.export_id, number, search, view, work.go_on)
        file, behind = written or (None, None)
        if file is not None:
            work.files.append(file)
        if behind is None or not isinstance(behind.key, int):
            work.progress = ExportProgress(at.type_number + 1)
        else:
            work.progress = ExportProgress(at.type_number, behind.key, behind.id)
        work.note()


@dataclass
class _Work:
    """One job in the hands of one worker."""

    job: Export
    lease: str
    exports: Exports
    clock: Clock
    stopping: threading.Event

    def __post_init__(self) -> None:
        self.files: list[ExportFile] = list(self.job.files)
        self.progress = self.job.progress
        self._renewed_at = self.clock.now()

    def note(self) -> None:
        """Put on record what is complete; raises `Stopped` where the job is no longer ours."""
        self._renewed_at = self.clock.now()
        if not self.exports.advance(self.job.export_id, self.lease, self.files, self.progress):
            raise Stopped

    def go_on(self) -> bool:
        """Whether to write another page; renews the lease now and then."""
        if self.stopping.is_set():
            return False
        if (self.clock.now() - self._renewed_at).total_seconds() < _RENEW_EVERY_S:
            return True
        self.note()
        return True
