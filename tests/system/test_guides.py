"""The first-hour guides that are commands: every block runs as it stands."""

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from cds.cli.service_process import free_loopback_port

GUIDES = Path(__file__).parents[2] / "docker"
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)

pytestmark = pytest.mark.system


def commands(name):
    """All blocks of a guide."""
    return "\n".join([*BLOCK.findall((GUIDES / name).read_text(encoding="utf-8")), ""])


def is_taken(port):
    """Whether somebody listens there."""
    with socket.socket() as caller:
        return caller.connect_ex(("127.0.0.1", port)) == 0


def test_the_hours_of_an_integrator_and_a_registry_end_with_a_card_list_and_a_manifest(tmp_path):
    """In one shell and one empty folder, on a free port instead of 8480; nothing is left running."""
    port = free_loopback_port()
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, what in (("python", ""), ("osteocds", "-m cds.cli ")):
        (programs / name).write_text(f'#!/bin/sh\nexec {sys.executable} {what}"$@"\n')
        (programs / name).chmod(0o755)
    script = commands("first-hour-integrator.md") + commands("first-hour-registry.md")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("OSTEOCDS_")}
    environment = inherited | {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "PYTHONPATH": str(GUIDES.parent),
        "OSTEOCDS_PORT": str(port),
        "OSTEOCDS_WORKER_NICENESS": "0",  # beside other tests
    }

    # Files, not pipes: what the script leaves running would keep a pipe open for ever.
    with (tmp_path / "said").open("w+") as said, (tmp_path / "complained").open("w+") as complained:
        subprocess.run(
            ["bash", "-m", "-c", script.replace("8480", str(port))],
            cwd=tmp_path,
            env=environment,
            stdout=said,
            stderr=complained,
            timeout=200,
            check=False,
        )
        said.seek(0)
        complained.seek(0)
        told, errors = said.read(), complained.read()

    assert "FAILED" not in told, told
    assert not is_taken(port), "the last block has stopped nothing"
    assert "no such job" not in errors
    assert '"id":"osteocds-order-sign"' in told
    assert '{"cards":[]}' in told, told + errors
    assert '"resourceType":"Bundle"' in told.replace(" ", "")
    assert "transactionTime" in json.loads((tmp_path / "manifest.json").read_text())
