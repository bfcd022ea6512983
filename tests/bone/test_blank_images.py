import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from cds.bone.blank_images import shows_anatomy
from cds.ct.volume import CtVolume
from tests.bone.phantom import Trunk, a_lone_body, a_series

AFFINE = np.array([[0, 0, 0.8, 0], [0, 0.8, 0, 0], [2.0, 0, 0, 0], [0, 0, 0, 1]])
SHAPE = (12, 120, 120)


def of(hu):
    """A volume of such voxels."""
    return CtVolume(np.clip(np.rint(hu), -1024, 3071).astype(np.int16), AFFINE.copy(), a_series())


@given(st.integers(-1024, 3071), st.tuples(*[st.integers(1, 40)] * 3))
def test_one_value_is_nothing(value, shape):
    """Empty and uniform volumes of any size show nothing."""
    assert not shows_anatomy(of(np.full(shape, value)))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 1000), st.floats(1, 300), st.floats(0, 2))
def test_noise_is_nothing(seed, sd_hu, grain_pixels):
    """Noise of any strength, fine or grained like that of a CT, shows nothing."""
    noise = gaussian_filter(np.random.default_rng(seed).normal(0, 1, SHAPE), (0, grain_pixels, grain_pixels))

    assert not shows_anatomy(of(noise / noise.std() * sd_hu))


@pytest.mark.parametrize(
    "trunk",
    [Trunk(spacing_mm=(3.0, 2.0, 2.0)), a_lone_body(), a_lone_body(noise_hu=100.0)],
    ids=["trunk", "crop", "noisy"],
)
def test_a_patient_is_something(trunk):
    """A trunk, and a small crop around one vertebra, show anatomy in spite of noise."""
    assert shows_anatomy(trunk.volume())
