from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.digital_patient import Acquisition, PatientOptions, ScanRequest, simulate
from models.digital_patient.simulate import SimulatedScan
from models.vertebra_segmentation import simulated
from models.vertebra_segmentation.labels import CORE_DEPTH_MM, coarse_index, fine_index
from models.vertebra_segmentation.simulated import labelled, read_scan, with_thin_slices, write_scan

GRID = Acquisition(pixel_mm=2.0, field_of_view_mm=160, slice_interval_mm=2.0)
REQUEST = ScanRequest(
    cranial="T12", caudal="L2", aim="spine", acquisition=GRID, patient=PatientOptions(osteophytes=False)
)


@pytest.fixture(scope="module")
def scan() -> SimulatedScan:
    """T12 to L2 of one digital patient."""
    return simulate(simulated.SEEDS_BELOW, REQUEST)


def test_every_body_has_the_classes_of_both_networks(scan: SimulatedScan) -> None:
    """The coarse class of a body is its level, and rim and core together fill it."""
    made = labelled(scan, "made")
    rim_or_core = np.isin(made.fine, (fine_index("body_rim"), fine_index("body_core")))

    assert made.coarse is not None
    for level in ("T12", "L1", "L2"):
        body = made.coarse == coarse_index(level)
        assert np.array_equal(body, scan.truth.body_mask(level))
        assert rim_or_core[body].all()


def test_the_core_lies_deep(scan: SimulatedScan) -> None:
    """Core begins more than 4 mm inside the outer surface: a body 20 mm high has about 12 mm of it."""
    made = labelled(scan, "made")
    body = scan.truth.body_mask("L1")
    heights_mm = [2.0 * np.ptp(np.flatnonzero(mask.any(axis=(1, 2)))) for mask in (body, body & _core(made.fine))]

    assert 2 * CORE_DEPTH_MM - 2 <= heights_mm[0] - heights_mm[1] <= 2 * CORE_DEPTH_MM + 6


def _core(fine: np.ndarray) -> np.ndarray:
    return fine == fine_index("body_core")


def test_training_reads_what_was_kept(scan: SimulatedScan, tmp_path: Path) -> None:
    """A scan comes back from its file as it went in, with the real scan that its anatomy is from."""
    made = labelled(scan, "made")
    write_scan(made, tmp_path / "made.npz")
    kept = read_scan(tmp_path / "made.npz", "made", "somebody")

    assert kept.coarse is not None
    assert made.coarse is not None
    assert np.array_equal(kept.hu.values, made.hu.values)
    assert np.array_equal(kept.coarse, made.coarse)
    assert np.array_equal(kept.fine, made.fine)
    assert kept.origin == "somebody"
    assert list(tmp_path.iterdir()) == [tmp_path / "made.npz"]


def test_slices_come_close_but_stay_thick() -> None:
    """Labels of thick slices have no steps: only the distance between slices changes."""
    thick = replace(REQUEST, acquisition=replace(GRID, slice_interval_mm=5.0, slice_thickness_mm=5.0))

    assert with_thin_slices(thick).acquisition.slice_interval_mm == 2.0
    assert with_thin_slices(thick).acquisition.slice_thickness_mm == 5.0


def test_no_seed_of_the_tests_is_trained_on(tmp_path: Path) -> None:
    """Seeds from a hundred thousand on belong to tests and benchmarks."""
    with pytest.raises(ValueError, match="belong to the tests"):
        simulated.build(tmp_path, simulated.SEEDS_BELOW + 1)
