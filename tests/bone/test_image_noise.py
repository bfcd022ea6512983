import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds.bone.image_noise import image_noise
from cds.ct.volume import CtVolume
from tests.bone.phantom import Trunk, a_series, flipped, grid_affine

COARSE = Trunk(spacing_mm=(5.0, 2.0, 2.0), extent_mm=(60.0, 260.0, 330.0), centre_mm=(0.0, -40.0, 0.0))
CENTRE = (0.0, 0.0, 0.0)


@settings(max_examples=8, deadline=None)
@given(st.floats(4, 80))
def test_the_noise_of_soft_tissue_is_found(noise_hu):
    """Whatever bone and air lie around, the noise of the tissue is read within 15 % or 2 HU."""
    volume = COARSE.but(noise_hu=noise_hu).volume()

    assert image_noise(volume, CENTRE) == pytest.approx(noise_hu, rel=0.15, abs=2)


def test_storage_order_does_not_matter():
    """Flipped, the same noise is found."""
    volume = COARSE.volume()

    for axis in range(3):
        assert image_noise(flipped(volume, axis), CENTRE) == pytest.approx(image_noise(volume, CENTRE), abs=2)


def a_block(hu, *, shape=(3, 40, 40), spacing_mm=2.0):
    """A uniform block."""
    affine = grid_affine((5.0, spacing_mm, spacing_mm), shape, CENTRE)
    return CtVolume(np.full(shape, hu, np.int16), affine, a_series())


@pytest.mark.parametrize(
    "volume",
    [a_block(-900), a_block(900), a_block(30, shape=(3, 3, 40)), a_block(30, shape=(1, 5, 5))],
    ids=["lung", "bone", "too narrow", "too little"],
)
def test_without_soft_tissue_noise_is_unknown(volume):
    """Noise that cannot be measured is None, never a default."""
    assert image_noise(volume, CENTRE) is None


def test_a_centre_outside_the_scan_reads_nothing():
    """Far outside the image there is no tissue."""
    assert image_noise(a_block(30), (900.0, 900.0, 0.0)) is None


def test_a_uniform_image_has_no_noise():
    """Without noise the lowest bin is the mode."""
    assert image_noise(a_block(30), CENTRE) <= 1
