"""Cases measured one by one, one line of JSON for each as soon as it is there: a stopped run goes on."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def read_lines(file: Path) -> list[dict[str, Any]]:
    """Whole lines of the file; the last one may have been cut off when the run was stopped."""
    if not file.exists():
        return []
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith("\n")]


def append_line(file: Path, line: dict[str, Any]) -> None:
    """Add one case behind the last whole line."""
    whole = file.read_bytes() if file.exists() else b""
    with file.open("r+b" if whole else "wb") as stream:
        stream.seek(whole.rfind(b"\n") + 1)
        stream.truncate()
        stream.write(json.dumps(line).encode() + b"\n")


def code_digest(places: Iterable[Path]) -> str:
    """SHA-256 over the code that makes and measures the cases: lines of another version are never mixed in.

    `places`: files, and folders with all their modules but tests.
    """
    digest = hashlib.sha256()
    files = (path for place in places for path in ([place] if place.is_file() else place.rglob("*.py")))
    for path in sorted(path for path in files if not path.name.startswith("test_")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
