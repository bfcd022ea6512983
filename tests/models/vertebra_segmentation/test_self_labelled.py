from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.digital_patient import Acquisition, ScanRequest, simulate
from models.vertebra_segmentation.grid import canonical
from models.vertebra_segmentation.labels import UNNAMED, coarse_index, fine_index
from models.vertebra_segmentation.segmenter import Segmenter
from models.vertebra_segmentation.self_labelled import Unlabelled, self_labelled, self_labelled_scans

GRID = Acquisition(pixel_mm=1.5, field_of_view_mm=300, slice_interval_mm=2.0)
SEED = 200_001


@pytest.fixture(scope="module")
def teacher() -> Segmenter:
    """The shipped networks."""
    return Segmenter.load()


@pytest.fixture(scope="module")
def scan() -> tuple[object, Unlabelled]:
    """A digital patient, and the names that a hand would give to two of its bodies."""
    made = simulate(SEED, ScanRequest(cranial="T11", caudal="L3", acquisition=GRID))
    centres = {level: made.truth.of(level).centre_lps_mm for level in ("T12", "L1")}
    return made, Unlabelled("made", "made.nii.gz", "made for a test", centres)


def test_bodies_carry_the_names_that_were_given(scan, teacher) -> None:
    """Each body near a named centre has that name; the others teach no name."""
    made, unlabelled = scan
    found = self_labelled(unlabelled, canonical(made.hu, made.affine_lps), teacher)
    bodies = np.isin(found.fine, (fine_index("body_rim"), fine_index("body_core")))

    assert set(np.unique(found.coarse[bodies])) <= {coarse_index("T12"), coarse_index("L1"), UNNAMED}
    assert (found.coarse == coarse_index("L1")).sum() > 1000


def test_without_names_bodies_are_taught_and_no_level(scan, teacher) -> None:
    """A scan whose numbering nobody can tell teaches outlines, and that bodies are bodies."""
    made, unlabelled = scan
    found = self_labelled(replace(unlabelled, centres={}), canonical(made.hu, made.affine_lps), teacher)
    bodies = found.fine == fine_index("body_core")

    assert bodies.any()
    assert (found.coarse[bodies] == UNNAMED).all()


def test_scans_that_are_not_there_are_left_out(tmp_path: Path, teacher) -> None:
    """An empty data folder has no scans."""
    assert list(self_labelled_scans(tmp_path, teacher)) == []
