"""Files of a bulk export: written whole or not at all, one line of JSON for each resource."""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from cds.export import ExportFile
from cds.ports import ResourceStore
from cds.registry.views import View
from cds.resource import Position, ResourceSearch, position_of

PAGE = 500
LINES_A_FILE = 50_000
"""About 200 MB; what is begun anew after a crash."""


class Stopped(Exception):
    """The writer was told to stop; what it was writing is gone."""


@dataclass(frozen=True, slots=True)
class ExportFiles:
    """A folder for each export."""

    folder: Path
    store: ResourceStore
    lines_a_file: int = LINES_A_FILE

    def write(
        self, export_id: str, number: int, search: ResourceSearch, view: View, go_on: Callable[[], bool]
    ) -> tuple[ExportFile, Position | None] | None:
        """The next file and where the one after it begins, if there is one; None where nothing is left.

        `go_on` is asked after each page; raises `Stopped` once it says no, and `OSError`.
        """
        name = f"{search.type}-{number}.ndjson"
        home = self.folder / export_id
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = home / f"{name}.{os.getpid()}.partial"
        count, after, more = 0, search.after, True
        try:
            with partial.open("wb") as sink:
                while more and count < self.lines_a_file:
                    page = self.store.search(replace(search, after=after), min(PAGE, self.lines_a_file - count))
                    sink.writelines(view.shown(each) + b"\n" for each in page)
                    count += len(page)
                    more = len(page) == PAGE or count == self.lines_a_file
                    after = position_of(page[-1], search.sort) if page else after
                    if not go_on():
                        raise Stopped
                sink.flush()
                os.fsync(sink.fileno())
            if count == 0:
                return None
            partial.replace(home / name)
        finally:
            partial.unlink(missing_ok=True)
        return ExportFile(search.type, name, count), after if more else None

    def path(self, export_id: str, name: str) -> Path:
        """Where a file lies; both names come from the record of an export, never from a caller."""
        return self.folder / export_id / name

    def remove(self, export_id: str) -> None:
        """All files of an export, if there are any."""
        shutil.rmtree(self.folder / export_id, ignore_errors=True)
