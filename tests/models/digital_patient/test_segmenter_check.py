import pytest

from models.digital_patient.acquisition import Acquisition
from models.digital_patient.segmenter_check import score
from models.digital_patient.simulate import ScanRequest, simulate
from models.vertebra_segmentation.segmenter import BodyMask, SpineLabels


class OneBody:
    """A segmenter that finds the body of L1 under a name of choice."""

    def __init__(self, scan, name):
        self._scan, self._name = scan, name

    def segment(self, hu, affine_lps, *, levels):
        """That body, outlined as the truth has it."""
        assert "L1" in levels
        mask = self._scan.truth.body_mask("L1").astype("float32")
        centre = self._scan.truth.of("L1").centre_lps_mm
        body = BodyMask(self._name, mask, affine_lps, centre, cut_by_border=False, name_agrees=True)
        assert hu.shape == mask.shape
        return SpineLabels((body,), (), 0.7, {})


@pytest.fixture(scope="module")
def scan():
    """T12 to L2, coarse and clean."""
    acquisition = Acquisition(pixel_mm=2.0, field_of_view_mm=120.0, noise_sd_hu=0.0, streaks=False)
    return simulate(1, ScanRequest(cranial="T12", caudal="L2", margin_mm=8.0, aim="spine", acquisition=acquisition))


def test_a_right_name_counts(scan):
    """Found, named, in its place, with the HU of the truth."""
    result = score(scan, OneBody(scan, "L1"))

    assert (result.right, result.misnamed) == (1, [])
    assert result.off_mm == [0.0]
    assert abs(result.hu_error[0]) < 1.5


def test_a_wrong_name_is_told(scan):
    """A body called by its neighbour's name is no success."""
    result = score(scan, OneBody(scan, "L2"))

    assert (result.right, result.misnamed) == (0, ["L1 as L2"])
