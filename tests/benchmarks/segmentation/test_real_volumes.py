from itertools import pairwise

import numpy as np
import pytest

from models.vertebra_segmentation.labels import LEVELS
from tests.benchmarks.segmentation.data_folders import DataFolders
from tests.benchmarks.segmentation.gallery import Gallery
from tests.benchmarks.segmentation.reading import largest_piece, read
from tests.benchmarks.segmentation.real_volumes import TOTALSEGMENTATOR_LEVELS, VOLUMES
from tests.support.real_ct import SHARED_CT, shared_ct


def test_names_are_unique():
    """Training and benchmark call a volume by one name."""
    assert len({about.name for about in VOLUMES}) == len(VOLUMES)


@pytest.mark.parametrize("about", VOLUMES, ids=lambda about: about.name)
def test_what_is_known_fits_together(about):
    """Levels with a reference are in view, and heights fall from cranial to caudal by 15 to 60 mm."""
    heights = list(about.heights_mm.values())
    steps = [upper - lower for upper, lower in pairwise(heights)]

    assert set(about.reference_hu) <= set(about.shows)
    assert list(about.heights_mm) == [level for level in LEVELS if level in about.heights_mm]
    assert all(15 <= step <= 60 for step in steps)


def test_labels_number_upwards():
    """TotalSegmentator numbers L5 as 27 and T7 as 37."""
    assert (TOTALSEGMENTATOR_LEVELS[27], TOTALSEGMENTATOR_LEVELS[31], TOTALSEGMENTATOR_LEVELS[37]) == ("L5", "L1", "T7")


def test_share_alike_pictures_stay_local(tmp_path):
    """Pictures of VerSe go into the work folder, all others beside the results."""
    gallery = Gallery(kept=tmp_path / "kept", local=tmp_path / "local")
    local = [about.name for about in VOLUMES if gallery.file_for(about).parent == gallery.local]

    assert local == ["verse014"]


def test_a_labelled_volume_is_read_with_its_truth():
    """On the TotalSegmentator example L1 to L5 are whole, T12 is cut, and L1 lies where it is."""
    shared_ct("ts_example")
    about = next(about for about in VOLUMES if about.name == "ts_example")
    scan = read(about, DataFolders((SHARED_CT,)))
    bodies = {body.level: body for body in scan.true}

    assert [level for level, body in bodies.items() if body.is_whole] == ["L1", "L2", "L3", "L4", "L5"]
    assert not bodies["T12"].is_whole
    assert bodies["L1"].centre_lps_mm[2] == pytest.approx(385, abs=3)
    assert bodies["L1"].reference_hu == 101


def test_a_body_is_one_piece():
    """What an opening leaves of a spinous process falls away; nothing stays nothing."""
    mask = np.zeros((9, 9, 9), bool)
    mask[1:5, 1:5, 1:5] = mask[7, 7, 7] = True

    assert largest_piece(mask).sum() == 64
    assert not largest_piece(np.zeros_like(mask)).any()


def test_an_absent_volume_is_none(tmp_path):
    """A folder without the scan gives nothing, and no error."""
    assert read(VOLUMES[0], DataFolders((tmp_path,))) is None
