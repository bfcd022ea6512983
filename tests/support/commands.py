"""`osteocds` as people run it, and the same in this process, which costs no start of Python and no import of torch."""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from typer.testing import CliRunner

from cds.cli import app


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str


def as_process(*arguments: object, timeout_s: float = 240.0) -> Done:
    """Run it as a process of its own: what native code prints is seen too."""
    command = [sys.executable, "-m", "cds.cli", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=timeout_s)
    return Done(done.returncode, done.stdout, done.stderr)


def in_process(*arguments: object, environment: Mapping[str, str] | None = None) -> Done:
    """Run it here, as its entry point does."""
    done = CliRunner().invoke(app, [str(each) for each in arguments], env=environment)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Done(done.exit_code, done.stdout, done.stderr)
