from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds.bone.anatomy import MaskGrid, Spine
from cds.bone.contrast import contrast_of
from cds.bone.tissue import aortic_blood, outside_air, patient_size
from cds.ct.volume import CtVolume
from tests.bone.phantom import (
    AORTA_MM,
    TRUNK_HALF_MM,
    Trunk,
    a_series,
    an_aorta,
    axes_lps,
    flipped,
    grid_affine,
    padded,
)

COARSE = Trunk(spacing_mm=(5.0, 3.0, 3.0), noise_hu=10.0)
VOLUME = COARSE.volume()
SPINE = COARSE.spine()


def a_cylinder(radius_mm, hu, *, size_mm=400.0, spacing_mm=3.0):
    """Three slices of a cylinder in air."""
    count = int(size_mm / spacing_mm)
    affine = grid_affine((5.0, spacing_mm, spacing_mm), (3, count, count), (0, 0, 0))
    axis = (np.arange(count) - (count - 1) / 2) * spacing_mm
    slice_hu = np.where(np.hypot(axis[:, None], axis[None, :]) <= radius_mm, hu, -1000)
    return CtVolume(np.repeat(slice_hu[None].astype(np.int16), 3, axis=0), affine, a_series())


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


def test_blood_is_read_within_the_aorta():
    """The median is that of the blood, away from the wall."""
    blood = aortic_blood(VOLUME, SPINE)

    assert blood.median_hu == pytest.approx(42, abs=1)
    assert blood.sd_hu == pytest.approx(10, abs=1.5)
    assert blood.count > 1000


def test_calcified_walls_do_not_count():
    """Plaques of 800 HU along the wall leave the median where it is."""
    hu = VOLUME.hu.copy()
    z, y, x = axes_lps(VOLUME.affine_lps, hu.shape)
    from_axis_mm = np.hypot(x - AORTA_MM[0], y - AORTA_MM[1]) + 0 * z
    hu[(from_axis_mm > 8.5) & (from_axis_mm < 12)] = 800
    spoiled = CtVolume(hu, VOLUME.affine_lps.copy(), VOLUME.series)

    assert aortic_blood(spoiled, SPINE).median_hu == pytest.approx(42, abs=1)


def test_calcified_aorta_is_still_plausible_blood():
    """Plaques within the sample, a tenth of its voxels, do not make unenhanced blood look mixed."""
    hu = VOLUME.hu.copy()
    speckled = np.random.default_rng(0).random(hu.shape) < 0.1
    hu[speckled & (hu > 0)] = 900
    blood = aortic_blood(CtVolume(hu, VOLUME.affine_lps.copy(), VOLUME.series), SPINE)

    assert contrast_of(VOLUME.series, blood).state == "none"


@pytest.mark.parametrize(
    "spine",
    [
        replace(SPINE, aorta=None),
        replace(SPINE, aorta=MaskGrid(np.zeros((5, 5, 5), np.float32), np.eye(4))),
        replace(SPINE, aorta=an_aorta(z_mm=(300.0, 400.0))),
        replace(SPINE, aorta=MaskGrid(np.ones((4, 4, 4), np.float32), np.eye(4) * [2, 2, 2, 1])),
    ],
    ids=["no aorta", "empty aorta", "aorta outside the scan", "a sliver"],
)
def test_without_enough_aorta_there_is_no_sample(spine: Spine):
    """A sample that cannot be had is None, never a guess."""
    assert aortic_blood(VOLUME, spine) is None


@pytest.mark.parametrize("air_hu", [-1000, -990, -960])
def test_air_is_read_in_front_of_the_patient(air_hu):
    """The median outside the body is that of the air."""
    assert outside_air(COARSE.but(air_hu=air_hu).volume()) == pytest.approx(air_hu, abs=2)


def test_air_is_the_same_in_any_storage_order():
    """In front of the patient is a direction in the patient, not in the array."""
    expected = outside_air(VOLUME)

    for axis in range(3):
        assert outside_air(flipped(VOLUME, axis)) == pytest.approx(expected, abs=1)


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

    assert outside_air(framed) == -1000


def test_more_air_around_changes_no_size():
    """Padding the image with air leaves the diameter."""
    wide = padded(VOLUME, (0, 6, 9), (0, 12, 3))

    assert patient_size(wide, 0.0).water_equivalent_diameter_cm == pytest.approx(
        patient_size(VOLUME, 0.0).water_equivalent_diameter_cm, rel=0.003
    )
