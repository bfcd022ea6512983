"""What docker/ says, read as Docker would: the instructions of the Dockerfile, the services of the compose file."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

DOCKER = Path(__file__).parents[2] / "docker"
REQUIRED = {
    "OSTEOCDS_IDENTIFIER_SYSTEM": "urn:oid:1.2.36.146.595.217.0.1",
    "OSTEOCDS_PUBLIC_URL": "https://cds.example.org",
}
"""What an operator must set before the compose file starts anything."""

_VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::(?P<kind>[-?])(?P<rest>[^}]*))?\}")


def compose(variables: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The compose file with its variables filled in; KeyError for a required one that is not set."""
    given = variables if variables is not None else REQUIRED

    def value(found: re.Match[str]) -> str:
        return given.get(found["name"], found["rest"]) if found["kind"] == "-" else given[found["name"]]

    def filled(node: Any) -> Any:
        if isinstance(node, dict):
            return {name: filled(each) for name, each in node.items()}
        if isinstance(node, list):
            return [filled(each) for each in node]
        return _VARIABLE.sub(value, node) if isinstance(node, str) else node

    return filled(yaml.safe_load((DOCKER / "compose.yaml").read_text()))


def prepared(folder: Path) -> Path:
    """What the first block of docker/README.md makes before it calls Docker, as `folder`/docker."""
    block = re.search(r"^## Start\n.*?^```\n(.*?)^```", (DOCKER / "README.md").read_text(), re.MULTILINE | re.DOTALL)
    if block is None:
        raise ValueError("docker/README.md: nothing to start with")
    (before, calls, _) = block[1].partition("docker compose")
    if not calls:
        raise ValueError("docker/README.md: starts nothing")
    made = folder / "docker"
    made.mkdir()
    shutil.copy(DOCKER / "make-secrets", made)
    subprocess.run(["bash", "-euc", before], cwd=folder, check=True, capture_output=True)
    return made


def instructions() -> list[tuple[str, str]]:
    """Of the Dockerfile, in order: (FROM, image AS name) and so on; an option is part of the second."""
    text = re.sub(r"^#.*\n", "", (DOCKER / "Dockerfile").read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    return [tuple(line.split(maxsplit=1)) for line in text.splitlines() if line.strip()]


def health_check() -> list[str]:
    """The command of the image's HEALTHCHECK."""
    (check,) = [rest for name, rest in instructions() if name == "HEALTHCHECK"]
    return json.loads(check[check.index("CMD") + 3 :])


def tool(name: str) -> Path:
    """A program of tests/docker/tools-requirements.txt; skips where it is not installed, fails under CI=true."""
    program = DOCKER.parent / "build" / "docker-tools" / "bin" / name
    if not program.exists():
        why = f"{name} is not installed: bash tests/docker/install-tools .venv/bin/python"
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(why)
        pytest.skip(why)
    return program
