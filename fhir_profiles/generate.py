"""`python -m fhir_profiles.generate` (`make profiles`): code tables and FSH become the JSON in `generated`.

code systems of the program -> FSH; all FSH -> JSON by SUSHI; checksums of the sources beside the JSON,
so that a test without SUSHI still notices JSON that is older than its sources.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from cds.reporting.terminology import SYSTEMS
from fhir_profiles.code_fsh import fsh_of
from fhir_profiles.packages import NODE_MODULES, fhir_home, missing

HERE = Path(__file__).parent
GENERATED = HERE / "generated"
CHECKSUMS = GENERATED / "sources.json"


def code_files() -> dict[str, str]:
    """The FSH of our code systems as it has to be: path inside `fhir_profiles` and text."""
    return {f"input/fsh/codes/{system.id}.fsh": fsh_of(system) for system in SYSTEMS.values()}


def checksums() -> dict[str, str]:
    """SHA-256 of everything that the JSON follows from."""
    sources = [HERE / "sushi-config.yaml", *sorted((HERE / "input").rglob("*.fsh"))]
    return {each.relative_to(HERE).as_posix(): hashlib.sha256(each.read_bytes()).hexdigest() for each in sources}


def run_sushi(target: Path) -> None:
    """Build all FSH into `target`; raises `SystemExit` with SUSHI's last lines where it finds an error."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        shutil.copy(HERE / "sushi-config.yaml", project)
        shutil.copytree(HERE / "input", project / "input")
        sushi = NODE_MODULES / ".bin" / "sushi"
        done = subprocess.run(  # noqa: S603 - the pinned tool, on our own sources
            [sushi, "build", project, "--snapshot"],
            env={**os.environ, "HOME": str(fhir_home())},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0 or " 0 Errors" not in done.stdout:
            raise SystemExit(f"SUSHI found errors:\n{done.stdout[-4000:]}{done.stderr[-2000:]}")
        for made in sorted((project / "fsh-generated" / "resources").glob("*.json")):
            shutil.copy(made, target / made.name)


def main() -> None:
    """Write code FSH, JSON and checksums anew."""
    lacking = missing()
    if lacking:
        raise SystemExit(f"profiles cannot be built: {lacking}")
    for old in (HERE / "input" / "fsh" / "codes").glob("*.fsh"):
        old.unlink()
    for name, text in code_files().items():
        (HERE / name).write_text(text, encoding="utf-8")
    shutil.rmtree(GENERATED, ignore_errors=True)
    GENERATED.mkdir()
    run_sushi(GENERATED)
    CHECKSUMS.write_text(json.dumps(checksums(), indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(f"{len(list(GENERATED.glob('*-*.json')))} definitions in {GENERATED}\n")


if __name__ == "__main__":
    main()
