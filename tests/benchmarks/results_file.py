"""The results file: parts, each with its own date, commit, machine and command, so that each can be run alone."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "results"
LINES_TO_DEPTH = 4

Results = dict[str, Any]


def load(file: Path) -> Results:
    """What earlier runs left; empty where there is no file."""
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def keep(
    file: Path, part: str, record: Mapping[str, Any], origin: Mapping[str, Any], *, order: Sequence[str]
) -> Results:
    """Put one part in the place of its predecessor; the others stay as they are. `order`: of all parts."""
    results = load(file)
    results[part] = {"provenance": dict(origin), **record}
    file.parent.mkdir(parents=True, exist_ok=True)
    ordered = {name: results[name] for name in order if name in results}
    partial = file.with_suffix(".partial")
    partial.write_text(as_text(ordered) + "\n", encoding="utf-8")
    partial.replace(file)
    return ordered


def as_text(value: Any, depth: int = 0) -> str:
    """JSON that people can read and compare: a line for each row, not for each number."""
    if depth >= LINES_TO_DEPTH or not isinstance(value, dict | list) or not value:
        return json.dumps(value, allow_nan=False)
    space, close = " " * (depth + 1), " " * depth
    if isinstance(value, dict):
        inner = [f"{json.dumps(key)}: {as_text(each, depth + 1)}" for key, each in value.items()]
        return "{\n" + ",\n".join(space + line for line in inner) + f"\n{close}}}"
    return "[\n" + ",\n".join(space + as_text(each, depth + 1) for each in value) + f"\n{close}]"
