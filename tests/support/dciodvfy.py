"""The DICOM validator dciodvfy, from Debian's dicom3tools."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from pydicom import dcmwrite
from pydicom.dataset import Dataset

_OURS = "Unrecognized defined term <99OSTEOCDS>"
_NO_DICOMDIR = "would be needed to build DICOMDIR"
"""Type 2 attributes that the images left empty."""


def complaints(instance: Dataset, folder: Path) -> list[str]:
    """Errors, and warnings beyond those that we mean; skips where it is not installed, fails under CI=true."""
    program = shutil.which("dciodvfy")
    if program is None:
        why = "dciodvfy is not installed: apt-get install dicom3tools"
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(why)
        pytest.skip(why)
    path = folder / "to-validate"
    dcmwrite(path, instance, enforce_file_format=True)
    done = subprocess.run([program, str(path)], capture_output=True, text=True, check=False, timeout=60)
    path.unlink()
    lines = [line for line in done.stderr.splitlines() if line.startswith(("Error", "Warning", "Abort"))]
    return [line for line in lines if _OURS not in line and _NO_DICOMDIR not in line]
