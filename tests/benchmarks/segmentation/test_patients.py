import pytest

from models.digital_patient.acquisition import Acquisition
from models.digital_patient.simulate import ScanRequest, simulate
from tests.benchmarks.segmentation.bodies import FoundBody
from tests.benchmarks.segmentation.measuring import Measured
from tests.benchmarks.segmentation.patients import scores, true_bodies


@pytest.fixture(scope="module")
def scan():
    """T12 to L2, coarse and clean."""
    acquisition = Acquisition(pixel_mm=2.0, field_of_view_mm=120.0, noise_sd_hu=0.0, streaks=False)
    return simulate(1, ScanRequest(cranial="T12", caudal="L2", margin_mm=8.0, aim="spine", acquisition=acquisition))


def _found(scan, **names):
    """The true bodies, found under names of choice."""
    true = {body.level: body for body in true_bodies(scan)}
    bodies = [FoundBody(name, true[at].centre_lps_mm, is_whole=True, mask=true[at].mask) for at, name in names.items()]
    return Measured(spine=None, bodies=tuple(bodies), assessment=None)


def test_the_truth_has_masks_and_readings(scan):
    """Whole bodies with the HU of their cores; the mask is the simulated body."""
    bodies = {body.level: body for body in true_bodies(scan)}

    assert bodies["L1"].is_whole
    assert bodies["L1"].hu == scan.truth.of("L1").core_hu
    assert bodies["L1"].mask.inside.sum() == scan.truth.body_mask("L1").sum()


def test_a_right_name_counts(scan):
    """Found, named, in its place, with the whole outline; what was not found is missed."""
    rows = {row.true_level: row for row in scores(scan, _found(scan, L1="L1"))}

    assert (rows["L1"].verdict, rows["L1"].dice, rows["L1"].centre_error_mm) == ("right", 1.0, 0.0)
    assert rows["L2"].verdict == "missed"


def test_a_wrong_name_is_told(scan):
    """A body called by its neighbour's name is no success."""
    rows = {row.true_level: row for row in scores(scan, _found(scan, T12="T11", L1="T12", L2="L1"))}

    assert [(rows[level].verdict, rows[level].found_level) for level in ("T12", "L1", "L2")] == [
        ("wrong", "T11"),
        ("wrong", "T12"),
        ("wrong", "L1"),
    ]
