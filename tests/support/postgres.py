"""A real PostgreSQL from Debian's packages, for the length of the test session."""

import atexit
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psycopg

_START_WITHIN_S = 30.0
_OWNER = "postgres"


@cache
def server_url(*, durable: bool = False) -> str | None:
    """Where databases may be made: OSTEOCDS_TEST_POSTGRES_URL, else a server of our own; None without either.

    `durable`: commits reach the disk, as in a hospital; tests need not wait for that.
    """
    named = os.environ.get("OSTEOCDS_TEST_POSTGRES_URL")
    server = None if named else a_server(durable=durable)
    if server is None:
        return named
    server.start()
    atexit.register(server.remove)
    return server.url


def a_server(*, durable: bool) -> "PostgresServer | None":
    """One of our own, not started yet; None where PostgreSQL is not installed."""
    programs = _programs()
    if programs is None:
        return None
    home = Path(tempfile.mkdtemp(prefix="osteocds-postgres-"))
    if os.geteuid() == 0:
        shutil.chown(home, _OWNER)
    _run(programs / "initdb", "-D", home / "data", "-U", _OWNER, "-A", "trust", "--no-sync").check_returncode()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return PostgresServer(programs, home, listener.getsockname()[1], durable)


@dataclass(frozen=True)
class PostgresServer:
    """A server that can be stopped, killed, and started again where it was."""

    programs: Path
    home: Path
    port: int
    durable: bool

    @property
    def url(self) -> str:
        """Of the database that is always there."""
        return f"postgresql://{_OWNER}@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Start, and wait until it lets clients in; after a kill its leftovers may be in the way for a moment."""
        options = f"-c listen_addresses=127.0.0.1 -c port={self.port} -c unix_socket_directories={self.home}"
        if not self.durable:
            options += " -c fsync=off"
        deadline = time.monotonic() + _START_WITHIN_S
        while self.pid is None or not self._lets_in():
            if self.pid is None:
                data, log = self.home / "data", self.home / "log"
                _run(self.programs / "pg_ctl", "-D", data, "-l", log, "-o", options, "-W", "start")
            if time.monotonic() > deadline:
                raise TimeoutError("PostgreSQL did not start")
            time.sleep(0.1)

    def stop(self) -> None:
        """As an administrator in a hurry does."""
        _run(self.programs / "pg_ctl", "-D", self.home / "data", "-m", "immediate", "stop")

    def kill(self) -> None:
        """As the kernel does."""
        if self.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """It answers nothing and closes nothing, as when its disk is away; whoever has asked waits for ever."""
        of_first = Path(f"/proc/{self.pid}/task/{self.pid}/children")
        processes = [int(each) for each in (str(self.pid), *of_first.read_text().split())]
        for each in processes:
            os.kill(each, signal.SIGSTOP)
        try:
            yield
        finally:
            for each in processes:
                with suppress(ProcessLookupError):
                    os.kill(each, signal.SIGCONT)

    def remove(self) -> None:
        """Stop, and keep nothing."""
        self.stop()
        shutil.rmtree(self.home, ignore_errors=True)

    @property
    def pid(self) -> int | None:
        """Of its first process, if that lives."""
        file = self.home / "data" / "postmaster.pid"
        try:
            pid = int(file.read_text().split()[0])
            os.kill(pid, 0)
        except (OSError, IndexError, ValueError):
            return None
        return pid

    def _lets_in(self) -> bool:
        try:
            # It listens before it lets anyone in.
            psycopg.connect(host="127.0.0.1", port=self.port, user=_OWNER, dbname="postgres").close()
        except psycopg.OperationalError:
            return False
        return True


def _programs() -> Path | None:
    """The folder with initdb of the newest version that Debian's packages installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))
    return found[-1] if found and (found[-1] / "initdb").exists() else None


def _run(*command: object) -> "subprocess.CompletedProcess[bytes]":
    """PostgreSQL refuses to run as root, so root lends it its own user."""
    as_owner = ["runuser", "-u", _OWNER, "--"] if os.geteuid() == 0 else []
    return subprocess.run(
        [*as_owner, *map(str, command)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, cwd="/"
    )
