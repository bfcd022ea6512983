"""A real PostgreSQL from Debian's packages, for the length of the test session."""

import atexit
import os
import shutil
import socket
import subprocess
import tempfile
import time
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
    programs = _programs()
    if named or programs is None:
        return named
    home = Path(tempfile.mkdtemp(prefix="osteocds-postgres-"))
    if os.geteuid() == 0:
        shutil.chown(home, _OWNER)
    _run(programs / "initdb", "-D", home / "data", "-U", _OWNER, "-A", "trust", "--no-sync").check_returncode()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    options = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={home}"
    if not durable:
        options += " -c fsync=off"
    _run(programs / "pg_ctl", "-D", home / "data", "-l", home / "log", "-o", options, "-W", "start").check_returncode()
    atexit.register(_stop, programs, home)
    _wait_for(port)
    return f"postgresql://{_OWNER}@127.0.0.1:{port}/postgres"


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


def _stop(programs: Path, home: Path) -> None:
    _run(programs / "pg_ctl", "-D", home / "data", "-m", "immediate", "stop")
    shutil.rmtree(home, ignore_errors=True)


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + _START_WITHIN_S
    while time.monotonic() < deadline:
        try:
            # It listens before it lets anyone in.
            psycopg.connect(host="127.0.0.1", port=port, user=_OWNER, dbname="postgres").close()
        except psycopg.OperationalError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError("PostgreSQL did not start")
