import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds.bone.patient_size import patient_size, water_path_cm
from cds.ct.volume import CtVolume
from tests.bone.phantom import TRUNK_HALF_MM, Trunk, a_cylinder, a_series, padded

COARSE = Trunk(spacing_mm=(5.0, 3.0, 3.0), noise_hu=10.0)
VOLUME = COARSE.volume()


@settings(max_examples=15, deadline=None)
@given(st.floats(80, 180), st.integers(-300, 100))
def test_a_cylinder_has_its_water_equivalent_diameter(radius_mm, hu):
    """Dw of a cylinder is its diameter times the root of its attenuation relative to water."""
    size = patient_size(a_cylinder(radius_mm, hu), 0.0)

    assert size.water_equivalent_diameter_cm == pytest.approx(radius_mm / 5 * np.sqrt(hu / 1000 + 1), rel=0.02)
    assert not size.truncated


def test_the_trunk_is_measured_at_its_level():
    """The simulated trunk has the diameter of its composition; table excluded."""
    expected = 2 * np.sqrt(TRUNK_HALF_MM[0] * TRUNK_HALF_MM[1] * 1.03) / 10

    assert patient_size(VOLUME, 0.0).water_equivalent_diameter_cm == pytest.approx(expected, rel=0.03)


def test_a_narrow_field_of_view_is_noticed():
    """Where the image cuts the body, the size is too small and says so."""
    cut = CtVolume(VOLUME.hu[:, :, 25:-25].copy(), VOLUME.affine_lps.copy(), VOLUME.series)
    size = patient_size(cut, 0.0)

    assert size.truncated
    assert size.water_equivalent_diameter_cm < patient_size(VOLUME, 0.0).water_equivalent_diameter_cm


def test_a_height_outside_the_scan_uses_the_nearest_slice():
    """A level beyond the last slice still has a size."""
    assert patient_size(VOLUME, 900.0).water_equivalent_diameter_cm > 20


def test_a_scan_of_air_has_no_size():
    """Without a body the diameter is 0, which the gates refuse."""
    air = CtVolume(np.full((3, 40, 40), -1000, np.int16), np.diag([5.0, 3, 3, 1]), a_series())

    assert patient_size(air, 0.0).water_equivalent_diameter_cm == 0


def test_more_air_around_changes_no_size():
    """Padding the image with air leaves the diameter."""
    wide = padded(VOLUME, (0, 6, 9), (0, 12, 3))

    assert patient_size(wide, 0.0).water_equivalent_diameter_cm == pytest.approx(
        patient_size(VOLUME, 0.0).water_equivalent_diameter_cm, rel=0.003
    )


def test_the_water_path_is_longer_than_the_diameter():
    """By 4 cm beside abdominal organs, by 2 cm beside lungs."""
    assert water_path_cm(25.0, thoracic=False) == 29.0
    assert water_path_cm(25.0, thoracic=True) == 27.0
