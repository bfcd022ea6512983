import numpy as np
import pytest

from cds.bone.outside_air import air_around, outside_air
from cds.ct.volume import CtVolume
from tests.bone.phantom import Trunk, a_cylinder, a_series, flipped

COARSE = Trunk(spacing_mm=(5.0, 3.0, 3.0), noise_hu=10.0)
VOLUME = COARSE.volume()


@pytest.mark.parametrize("air_hu", [-1000, -990, -960])
def test_air_is_read_in_front_of_the_patient(air_hu):
    """The median outside the body is that of the air."""
    assert outside_air(COARSE.but(air_hu=air_hu).volume()).hu == pytest.approx(air_hu, abs=2)


def test_air_is_the_same_in_any_storage_order():
    """In front of the patient is a direction in the patient, not in the array."""
    expected = outside_air(VOLUME).hu

    for axis in range(3):
        assert outside_air(flipped(VOLUME, axis)).hu == pytest.approx(expected, abs=1)


def test_a_scan_without_air_has_no_air_sample():
    """Where the body fills the image, or there is no body, no air is read."""
    full = CtVolume(np.full((4, 60, 60), 20, np.int16), np.diag([5.0, 3, 3, 1]), a_series())
    empty = CtVolume(np.full((4, 60, 60), -1000, np.int16), np.diag([5.0, 3, 3, 1]), a_series())

    assert outside_air(full) is None
    assert outside_air(empty) is None


def test_padding_is_no_air():
    """A margin of -2000 HU beyond the circle of reconstruction is not read."""
    inside = a_cylinder(100.0, 20, size_mm=300.0)
    axis = np.arange(100) - 49.5
    hu = inside.hu.copy()
    hu[:, np.hypot(axis[:, None], axis[None, :]) > 50] = -2000
    framed = CtVolume(hu, inside.affine_lps.copy(), inside.series)

    assert outside_air(framed).hu == -1000


def test_without_slices_there_is_no_air():
    """Nothing to look at is no sample."""
    assert air_around(VOLUME, []) is None
