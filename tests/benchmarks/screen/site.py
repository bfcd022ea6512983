"""Workers as a hospital runs them, on PostgreSQL; orders come from `osteocds screen`."""

import os
import sys
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import func, select

from cds.storage.engine import open_engine
from cds.storage.tables import results
from tests.benchmarks.chaos.victims import Program
from tests.benchmarks.screen.studies import STUDY_DATE
from tests.support.postgres import PostgresServer

_READY_WITHIN_S = 120.0
_A_STUDY_WITHIN_S = 120.0


@dataclass(frozen=True, slots=True)
class Site:
    """Databases, and the settings that commands and workers share."""

    home: Path
    records_url: str
    queue_url: str
    settings: Mapping[str, str]

    def program(self, name: str, *command: str, **changes: str) -> Program:
        """One command of osteocds, its log in `home`."""
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("OSTEOCDS_")}
        ours = {**self.settings, "DATA_DIR": str(self.home / name), **changes}
        environment = inherited | {f"OSTEOCDS_{key}": value for key, value in ours.items()}
        return Program(name, [sys.executable, "-m", "cds.cli", *command], environment, self.home / f"{name}.log")

    def screen(self, patient_ids: Sequence[str], ahead: int) -> None:
        """Queue these patients, as fast as the workers take them; returns when the last is queued."""
        listed = self.home / "patients.csv"
        listed.write_text("\n".join(["patient_id", *patient_ids]) + "\n", encoding="utf-8")
        day = STUDY_DATE.isoformat()
        command = ["screen", "--from", day, "--to", day, "--patients", str(listed), "--ahead", str(ahead)]
        program = self.program("sweep", *command, "--per-hour", "100000", "--requests-per-s", "1000")
        program.start()
        if program.process is None or program.process.wait() != 0:
            message = f"osteocds screen failed: {program.log.read_text(encoding='utf-8')[-500:]}"
            raise RuntimeError(message)

    def await_results(self, count: int) -> None:
        """Until so many results are stored."""
        deadline = time.monotonic() + _A_STUDY_WITHIN_S * count
        engine = open_engine(self.records_url)
        try:
            while time.monotonic() < deadline:
                with engine.connect() as connection:
                    if connection.execute(select(func.count()).select_from(results)).scalar_one() >= count:
                        return
                time.sleep(0.2)
        finally:
            engine.dispose()
        raise TimeoutError(f"{count} results were not there in time")


@contextmanager
def a_site(server: PostgresServer, archive_url: str, home: Path) -> Iterator[Site]:
    """Empty databases of its own."""
    home.mkdir()
    names = [f"{what}_{uuid.uuid4().hex}" for what in ("records", "queue")]
    with psycopg.connect(server.url, autocommit=True) as connection:
        for name in names:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    records, queue = (server.url.removesuffix("postgres") + name for name in names)
    settings = {
        "DATABASE_URL": records,
        "QUEUE_DATABASE_URL": queue,
        "ARCHIVE_URL": archive_url,
        "ARCHIVE_SINGLE_ISSUER": "true",
        "IDENTIFIER_SYSTEM": "https://hospital.example.org/mrn",
    }
    yield Site(home, records, queue, settings)


@contextmanager
def running_workers(site: Site, count: int, threads: int) -> Iterator[Sequence[Program]]:
    """Warm workers, one after the other: the first prepares the databases."""
    programs = [site.program(f"worker-{number + 1}", "worker", THREADS=str(threads)) for number in range(count)]
    try:
        for program in programs:
            program.start()
            _await_line(program, "worker-started")
        yield programs
    finally:
        for program in programs:
            program.stop()


def memory_mb(program: Program, what: str) -> float:
    """VmRSS or VmHWM of a process that runs."""
    if program.process is None:
        raise RuntimeError(f"{program.name} does not run")
    status = Path(f"/proc/{program.process.pid}/status").read_text(encoding="utf-8")
    line = next(line for line in status.splitlines() if line.startswith(f"{what}:"))
    return int(line.split()[1]) / 1000


def _await_line(program: Program, words: str) -> None:
    deadline = time.monotonic() + _READY_WITHIN_S
    while time.monotonic() < deadline:
        if words in program.log.read_text(encoding="utf-8"):
            return
        if not program.is_alive():
            break
        time.sleep(0.1)
    raise RuntimeError(f"{program.name} did not start: {program.log.read_text(encoding='utf-8')[-500:]}")
