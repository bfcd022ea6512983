"""Real scans for the tests, read once; a test that needs one is skipped with the reason where it is absent."""

from pathlib import Path

import numpy as np
import pytest

from models.vertebra_segmentation.grid import Image
from models.vertebra_segmentation.segmenter import Segmenter
from models.vertebra_segmentation.sources import read_dicom, read_nifti
from tests.support.real_ct import the_sample

SHARED = Path(__file__).parents[4] / "shared" / "ct"


def _read(path: Path) -> Image:
    if not path.exists():
        pytest.skip(f"real CT not present: {path}")
    scan = read_dicom(path) if path.is_dir() else read_nifti(path)
    return Image(scan.values.astype(np.int16), scan.affine_lps)


@pytest.fixture(scope="session")
def segmenter() -> Segmenter:
    """The shipped weights."""
    return Segmenter.load()


@pytest.fixture(scope="session")
def trunk() -> Image:
    """`ts_example`: T12 cut at the top, L1-L5, no contrast; in the training set."""
    return _read(SHARED / "ts_example" / "ct.nii.gz")


@pytest.fixture(scope="session")
def chest_without_lumbar() -> Image:
    """`lidc_0314`: T1-T12, never trained on."""
    return _read(SHARED / "lidc_0314" / "ct.nii.gz")


@pytest.fixture(scope="session")
def chest() -> Image:
    """`LIDC-IDRI-0001`: T1-L2 whole, L3 cut; in the training set."""
    return _read(the_sample())
