"""Real series from scanners, where the shared test data lie beside the repository."""

from pathlib import Path

import numpy as np
import pytest

from cds.ct.selection import SelectionPolicy, select_series
from cds.ct.volume import CtVolume
from cds.dicomweb.folder import FolderArchive

SHARED = Path(__file__).parents[3] / "shared" / "ct"


def archive_of(name):
    """One of the shared folders, or a skip that says what is missing."""
    folder = SHARED / name / "dicom"
    if not folder.is_dir():
        pytest.skip(f"no shared test data: {folder} is absent")
    return FolderArchive(folder)


@pytest.mark.parametrize(
    ("name", "shape", "spacing_mm", "lowest_z_mm"),
    [
        ("ts_j2k", (20, 512, 512), (2.0, 0.9765625, 0.9765625), -804.5),
        ("crlm_1004", (41, 512, 512), (5.0, 0.796875, 0.796875), -375.0),
    ],
)
def test_a_real_series_becomes_a_volume_in_hounsfield_units(name, shape, spacing_mm, lowest_z_mm):
    """Given a JPEG 2000 series without identifiers and a 5 mm series, then both assemble, with air at -1000."""
    archive = archive_of(name)
    scan = archive.scan()
    volume = archive.retrieve(scan.series[0])

    assert isinstance(volume, CtVolume)
    assert scan.findings == ()
    assert volume.hu.shape == shape
    assert volume.spacing_mm == pytest.approx(spacing_mm)
    assert volume.affine_lps[2, 3] == pytest.approx(lowest_z_mm)
    air = volume.hu[:, 5:40, 236:276]
    assert -1035 < np.mean(air) < -950
    assert volume.hu.min() >= -1500


def test_a_real_series_is_selected():
    """Given a folder with one enhanced 5 mm series, then it is chosen where any age is accepted."""
    series = archive_of("crlm_1004").scan().series
    selection = select_series(series, SelectionPolicy(None, max(one.study_date for one in series)))

    assert selection.chosen == series[0]
    assert selection.chosen.contrast_agent == "GASTRO & OMNI"
