"""The validators of FHIR that the tests ask: pyrofile in a Python of its own, medplum and UCUM in node.

Each knows what others miss, and none is enough alone; `tests/fhir/test_mutations.py` has the table.
"""

import atexit
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from fhir_profiles.generate import GENERATED
from fhir_profiles.packages import (
    NODE_MODULES,
    PYROFILE_PYTHON,
    US_CORE_ARCHIVE,
    missing,
    r4_package,
    us_core_package,
)

US_CORE_BASE = "http://hl7.org/fhir/us/core/StructureDefinition"
US_CORE = {
    "Observation": (f"{US_CORE_BASE}/us-core-observation-clinical-result",),
    "DiagnosticReport": (f"{US_CORE_BASE}/us-core-diagnosticreport-note",),
    "Patient": (f"{US_CORE_BASE}/us-core-patient",),
}
"""The US Core profiles that a resource type of ours has to satisfy."""

_SCRIPTS = Path(__file__).parents[1] / "fhir"


def need_fhir_tools() -> None:
    """Skip without node, its packages or US Core; fail under CI=true, where all but US Core can be installed."""
    lacking = missing() if shutil.which("node") else "there is no node"
    if lacking is None:
        return
    if os.environ.get("CI") == "true" and US_CORE_ARCHIVE.is_file():
        pytest.fail(f"FHIR validators are needed here: {lacking}")
    pytest.skip(f"FHIR validators: {lacking}")


def profiles_of(resource: Mapping[str, Any], *, us_core: bool = True) -> tuple[str, ...]:
    """What a resource says of itself, and US Core where asked for."""
    base = US_CORE.get(resource["resourceType"], ()) if us_core else ()
    return (*resource.get("meta", {}).get("profile", ()), *base)


_STAND_INS = {"_gender": ("gender", "unknown"), "_effectiveDateTime": ("effectiveDateTime", "2000-01-01")}


def _with_stand_ins(node: Any) -> Any:
    """Where an element has an extension in the place of its value, a value: pyrofile does not count extensions."""
    if isinstance(node, list):
        return [_with_stand_ins(each) for each in node]
    if not isinstance(node, dict):
        return node
    return {name: _with_stand_ins(each) for name, each in node.items()} | dict(
        stand_in for name, stand_in in _STAND_INS.items() if name in node and stand_in[0] not in node
    )


@cache
def _without_snapshots() -> Path:
    """Our definitions with differentials alone, from which pyrofile makes snapshots of its own.

    In a whole snapshot it takes the slicing of a component's extensions, by URL, for that of the components.
    A folder for each process: tests run side by side.
    """
    folder = Path(tempfile.mkdtemp(prefix="osteocds-differentials-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    for path in GENERATED.glob("*-*.json"):
        definition = json.loads(path.read_text(encoding="utf-8"))
        definition.pop("snapshot", None)
        (folder / path.name).write_text(json.dumps(definition), encoding="utf-8")
    return folder


def _with_typed_references(node: Any) -> Any:
    """Inside a Bundle "urn:uuid:1", on a server "Patient/1": medplum reads the type of the target there."""
    if isinstance(node, list):
        return [_with_typed_references(each) for each in node]
    if not isinstance(node, dict):
        return node
    whole = {name: _with_typed_references(each) for name, each in node.items()}
    if str(whole.get("reference", "")).startswith("urn:uuid:") and "type" in whole:
        whole["reference"] = whole["reference"].replace("urn:uuid:", f"{whole['type']}/")
    return whole


class _Process:
    """A program that answers one line of JSON for each line that it is given."""

    def __init__(self, *command: str | Path) -> None:
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )

    def close(self) -> None:
        """End the program."""
        self._process.communicate()

    def _ask(self, request: Any) -> dict[str, Any]:
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, f"the validator ended with {self._process.wait()}"
        return json.loads(answer)


class Pyrofile(_Process):
    """pyrofile-validator, with base R4, US Core and our profiles, in its own Python environment."""

    def __init__(self) -> None:
        folders = (r4_package(), us_core_package(), _without_snapshots())
        super().__init__(PYROFILE_PYTHON, _SCRIPTS / "validate.py", *folders)

    def issues(self, resource: Mapping[str, Any], *, us_core: bool = True) -> list[str]:
        """Errors as "rule path: text", of one resource or a whole Bundle."""
        told = _with_stand_ins(resource)
        for each in [entry["resource"] for entry in told.get("entry", ()) if "resource" in entry] or [told]:
            if profiles := profiles_of(each, us_core=us_core):
                each["meta"] = {**each.get("meta", {}), "profile": list(profiles)}
        return self._ask(told)["issues"]


class Medplum(_Process):
    """@medplum/core, and the UCUM grammar of @lhncbc/ucum-lhc, in one node process."""

    def __init__(self) -> None:
        super().__init__("node", _SCRIPTS / "validate.mjs", NODE_MODULES, us_core_package(), GENERATED)

    def issues(self, resource: Mapping[str, Any], *, us_core: bool = True) -> list[str]:
        """Everything found wrong with one resource: by base R4, its own profiles and US Core; warnings too."""
        resource = _with_typed_references(resource)
        return self._ask({"resource": resource, "profiles": list(profiles_of(resource, us_core=us_core))})["issues"]

    def knows_unit(self, code: str) -> bool:
        """Whether UCUM has this unit."""
        return self._ask({"unit": code})["valid"]
