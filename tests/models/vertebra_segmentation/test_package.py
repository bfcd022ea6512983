import subprocess
import sys

import pytest

import models.vertebra_segmentation as package


def test_import_is_cheap() -> None:
    """Importing the package loads neither torch nor monai."""
    code = "import sys, models.vertebra_segmentation; print(sorted({'torch', 'monai'} & set(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert answer.stdout.strip() == "[]"


def test_public_names() -> None:
    """Every public name can be had from the package, and no other."""
    assert all(getattr(package, name).__name__ == name for name in package.__all__)
    with pytest.raises(AttributeError, match="no attribute"):
        _ = package.anything_else  # type: ignore[attr-defined]
