"""A good series, on disk and in memory."""

import pytest
from pydicom import dcmread

from tests.support.assembling import Loaded
from tests.support.dicom_builder import written


@pytest.fixture
def paths(tmp_path):
    """A good series of twelve files."""
    return written(tmp_path)


@pytest.fixture(scope="module")
def datasets(tmp_path_factory):
    """A good series in memory; not to be changed."""
    return Loaded(dcmread(path) for path in written(tmp_path_factory.mktemp("series")))
