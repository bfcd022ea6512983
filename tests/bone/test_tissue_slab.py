import numpy as np
import pytest

from cds.bone.tissue_slab import slabs_at
from cds.ct.volume import CtVolume
from tests.bone.phantom import TRUNK_CENTRE_Y_MM, Trunk, a_muscle, a_series, flipped, grid_affine, with_axes

TRUNK = Trunk(spacing_mm=(1.0, 1.0, 1.0), extent_mm=(40.0, 240.0, 320.0), centre_mm=(0.0, TRUNK_CENTRE_Y_MM, 0.0))
VOLUME = TRUNK.volume()


def test_a_slab_averages_noise_away():
    """Five slices and squares of 2 x 2 pixels: noise of 20 HU falls to 4.5."""
    (slab,) = slabs_at(VOLUME, [0.0])
    inside = (slab.posterior_mm < -60) & (slab.posterior_mm > -100)
    inside[:, :40] = inside[:, -40:] = False

    assert slab.hu[inside].std() == pytest.approx(20 / 20**0.5, rel=0.1)
    assert slab.hu[inside].mean() == pytest.approx(30, abs=1)


@pytest.mark.parametrize(
    "change", [lambda volume: volume, lambda volume: flipped(volume, 1), lambda volume: with_axes(volume, (0, 2, 1))]
)
def test_squares_know_their_place(change):
    """The square over a point of the patient lies there, however the images are stored."""
    (slab,) = slabs_at(change(VOLUME), [0.0])
    rows, columns = np.indices(slab.hu.shape)
    places = np.stack([rows, columns, np.ones_like(rows)], axis=-1) @ slab.affine_lps.T
    muscle = slab.within(a_muscle())

    assert places[..., 1] == pytest.approx(slab.posterior_mm)
    assert np.abs(places[muscle][:, 0]).mean() == pytest.approx(34, abs=1)
    assert places[muscle][:, 1].mean() == pytest.approx(27, abs=1)
    assert places[muscle][:, 2] == pytest.approx(0, abs=1)


def test_heights_outside_the_scan_have_no_slab():
    """Nor is a slice read twice for two bodies that share it."""
    assert slabs_at(VOLUME, [500.0]) == []
    assert len(slabs_at(VOLUME, [0.3, 0.4, 12.0])) == 2


def test_thick_slices_stand_for_themselves():
    """A slice of 5 mm is not mixed with its neighbours."""
    hu = np.full((4, 60, 60), 20, np.int16)
    hu[2] = 70
    volume = CtVolume(hu, grid_affine((5.0, 2.0, 2.0), hu.shape, (0, 0, 0)), a_series())

    assert {float(slab.hu.mean()) for slab in slabs_at(volume, [2.5])} == {70.0}
