"""When, where, with what: what every part of the results says of its own run."""

import os
import platform
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from cds import __version__

CPU_INFO = Path("/proc/cpuinfo")
HERE = Path(__file__).parent


def provenance(command: Sequence[str], code: Path) -> dict[str, Any]:
    """Date, version, commit, machine, command. `code`: the folder of the benchmark itself."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "version": __version__,
        "commit": commit(code),
        "machine": {
            "processor": _processor(),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "torch": torch.__version__,
        },
        "command": " ".join(command),
    }


def commit(code: Path) -> str | None:
    """The commit of the code, "+" behind it where the tree differs from it; None outside a repository."""
    revision = _git("rev-parse", "--short=12", "HEAD")
    if revision is None:
        return None
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", "cds", "models", str(code))
    return revision + ("+" if changed else "")


def _git(*words: str) -> str | None:
    top = HERE.parents[1]
    answer = subprocess.run(["git", "-C", str(top), *words], capture_output=True, text=True, check=False)
    return answer.stdout.strip() if answer.returncode == 0 else None


def _processor() -> str:
    lines = CPU_INFO.read_text(encoding="utf-8").splitlines() if CPU_INFO.exists() else []
    named = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor() or platform.machine()
