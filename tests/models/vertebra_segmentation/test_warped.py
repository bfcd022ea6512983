from pathlib import Path

import numpy as np
import pytest

from models.vertebra_segmentation import warped
from models.vertebra_segmentation.grid import Image
from models.vertebra_segmentation.labels import coarse_index
from tests.support.real_ct import shared_ct


@pytest.fixture(scope="module")
def bodies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two other bodies with the anatomy of TotalSegmentator's example."""
    data = shared_ct("ts_example").parent
    folder = tmp_path_factory.mktemp("warped")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(warped, "ANATOMIES", {"ts_example": warped.ANATOMIES["ts_example"]})
        warped.build(folder, data, 2, processes=1)
    return folder


def test_a_body_has_the_levels_of_its_anatomy(bodies: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both bodies show L1 to L5, and differ."""
    monkeypatch.setattr(warped, "ANATOMIES", {"ts_example": warped.ANATOMIES["ts_example"]})
    first, second = warped.warped_scans(bodies, 2, ())

    for scan in (first, second):
        assert scan.coarse is not None
        assert all((scan.coarse == coarse_index(f"L{n}")).sum() > 500 for n in range(1, 6))
        assert scan.origin == "ts_example"
    assert not _same(first.hu, second.hu)


def test_an_anatomy_that_is_left_out_is_not_read(bodies: Path) -> None:
    """Cross-validation: none of its bodies is trained on."""
    assert list(warped.warped_scans(bodies, 2, list(warped.ANATOMIES))) == []


def _same(one: Image, other: Image) -> bool:
    return one.values.shape == other.values.shape and bool(np.array_equal(one.values, other.values))
