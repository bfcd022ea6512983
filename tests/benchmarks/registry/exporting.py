"""A process of its own that exports every Observation, or reads the same rows with the driver alone.

`python -m tests.benchmarks.registry.exporting export|raw URL FOLDER` prints one line of JSON.
"""

import json
import sqlite3
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from cds.registry.export_files import ExportFiles
from cds.registry.views import AsStored
from cds.resource import Reach, ResourceSearch
from cds.storage.engine import open_engine
from cds.storage.resource_queries import SqlResources
from tests.benchmarks.segmentation.memory_meter import peak_gb

QUERY = "SELECT body FROM resources WHERE tenant = 'default' AND type = 'Observation' AND superseded IS NULL"
AT_ONCE = 500


def export(url: str, folder: Path) -> int:
    """As a job of the service does: file by file, in pages."""
    engine = open_engine(url)
    store = SqlResources(engine)
    files = ExportFiles(folder, store)
    search = ResourceSearch(type="Observation", reach=Reach("default"), as_of=store.last_moment())
    count, number, after = 0, 0, None
    while True:
        number += 1
        here = ResourceSearch(type=search.type, reach=search.reach, as_of=search.as_of, after=after)
        written = files.write("bench", number, here, AsStored(), lambda: True)
        if written is None:
            break
        file, after = written
        count += file.count
        if after is None:
            break
    engine.dispose()
    return count


def raw(url: str) -> int:
    """The rows as bytes, in whatever order the database likes."""
    return sum(len(page) for page in _pages(url))


def _pages(url: str) -> Iterator[list[tuple[bytes]]]:
    if url.startswith("sqlite"):
        connection = sqlite3.connect(make_url(url).database or "")
        cursor = connection.execute(QUERY)
        while page := cursor.fetchmany(AT_ONCE):
            yield page
        connection.close()
        return
    with psycopg.connect(url) as connection, connection.cursor("raw") as cursor:
        cursor.itersize = AT_ONCE
        cursor.execute(QUERY)
        while page := cursor.fetchmany(AT_ONCE):
            yield page


def main(what: str, url: str, folder: Path) -> None:
    """Print count, seconds and peak memory."""
    begun = time.perf_counter()
    count = export(url, folder) if what == "export" else raw(url)
    seconds = time.perf_counter() - begun
    peak_mb = 1000 * peak_gb()
    print(json.dumps({"count": count, "seconds": round(seconds, 2), "peak_mb": round(peak_mb)}))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
