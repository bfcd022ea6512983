import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from cds.bone.noise_texture import noise_correlation
from cds.ct.volume import CtVolume
from tests.bone.phantom import a_series, flipped, with_axes

CENTRE = (0.0, 0.0, 0.0)


def noisy(smooth_pixels, *, noise_hu=20.0, pixel_mm=0.7, mean_hu=40.0, size=160, seed=1):
    """Uniform tissue with noise that is smooth over so many pixels."""
    noise = np.random.default_rng(seed).normal(0, 1, (3, size, size))
    noise = gaussian_filter(noise, (0, smooth_pixels, smooth_pixels))
    hu = np.rint(mean_hu + noise_hu * noise / noise.std()).astype(np.int16)
    half = size * pixel_mm / 2
    affine = np.array([[0, 0, pixel_mm, -half], [0, pixel_mm, 0, -half], [2.5, 0, 0, -2.5], [0, 0, 0, 1.0]])
    return CtVolume(hu, affine, a_series())


@settings(max_examples=8, deadline=None)
@given(st.floats(5, 100))
def test_the_strength_of_the_noise_does_not_matter(noise_hu):
    """White noise is uncorrelated and smooth noise correlated, at every dose."""
    assert noise_correlation(noisy(0.0, noise_hu=noise_hu), CENTRE, noise_hu) == pytest.approx(0, abs=0.05)
    assert noise_correlation(noisy(1.0, noise_hu=noise_hu), CENTRE, noise_hu) > 0.6


def test_smoother_noise_is_more_alike():
    """The correlation rises with the smoothness of the kernel."""
    found = [noise_correlation(noisy(sigma), CENTRE, 20.0) for sigma in (0.0, 0.5, 0.8, 1.5)]

    assert found == sorted(found)


def test_storage_order_does_not_matter():
    """Flipped, or with rows and columns exchanged, the noise has the same texture."""
    volume = noisy(0.8)
    expected = noise_correlation(volume, CENTRE, 20.0)

    for stored in (*(flipped(volume, axis) for axis in range(3)), with_axes(volume, (0, 2, 1))):
        assert noise_correlation(stored, CENTRE, 20.0) == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize(
    "volume",
    [noisy(0.0, pixel_mm=1.0), noisy(0.0, mean_hu=-900.0), noisy(0.0, size=8), noisy(0.0, noise_hu=0.01)],
    ids=["coarse pixels", "lung", "too little", "no noise"],
)
def test_what_cannot_be_known_is_not_guessed(volume):
    """Coarse pixels hide the texture; without soft tissue or noise there is none."""
    assert noise_correlation(volume, CENTRE, 20.0) is None
