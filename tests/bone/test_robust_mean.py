import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.ndimage import gaussian_filter

from cds.bone.robust_mean import region_mean, trimmed_mean

SHAPE = (12, 24, 24)
EVERYTHING = np.ones(SHAPE, bool)

hu_samples = hnp.arrays(np.float64, st.integers(1, 200), elements=st.integers(-200, 600).map(float))


def noise(sd=30.0, *, blur_mm=0.0, seed=0, spacing_mm=(1.0, 1.0, 1.0)):
    """A box of noise about 100 HU."""
    values = np.random.default_rng(seed).normal(size=SHAPE)
    if blur_mm:
        values = gaussian_filter(values, [0, blur_mm / spacing_mm[1], blur_mm / spacing_mm[2]], mode="wrap")
    return 100 + sd * values / values.std()


def test_bone_islands_do_not_count():
    """A dense focus of 10 % of the region leaves the mean where it was."""
    values = np.full(1000, 100.0) + np.tile([-8, -3, 3, 8], 250)
    spoiled = values.copy()
    spoiled[:100] = 900

    assert trimmed_mean(spoiled) == pytest.approx(trimmed_mean(values), abs=1)


def test_a_constant_region_reads_its_constant():
    """Without any spread nothing is removed."""
    assert trimmed_mean(np.full(50, 77.0)) == 77


@given(hu_samples, st.integers(-100, 100))
def test_the_mean_shifts_with_the_values(values, shift):
    """Adding a constant to every voxel adds it to the mean."""
    assert trimmed_mean(values + shift) == pytest.approx(trimmed_mean(values) + shift, abs=1e-6)


@given(hu_samples)
def test_the_mean_lies_among_the_values(values):
    """The mean never leaves the range of the voxels."""
    assert values.min() - 1e-9 <= trimmed_mean(values) <= values.max() + 1e-9


def test_white_noise_counts_every_voxel():
    """For uncorrelated noise the standard error is the deviation over the root of the count, within 15 %."""
    found = region_mean(noise(), EVERYTHING, (1.0, 1.0, 1.0))

    assert found.sem == pytest.approx(30 / np.sqrt(EVERYTHING.size), rel=0.15)
    assert found.sd == pytest.approx(30, rel=0.05)
    assert found.hu == pytest.approx(100, abs=3 * found.sem)


def test_correlated_noise_counts_for_less():
    """Blurred noise of the same deviation has at least twice the standard error."""
    spacing = (2.5, 0.7, 0.7)
    white = region_mean(noise(), EVERYTHING, spacing)
    blurred = region_mean(noise(blur_mm=0.8, spacing_mm=spacing), EVERYTHING, spacing)

    assert blurred.sem > 2 * white.sem


def test_the_standard_error_is_the_spread_of_means():
    """Over repeated scans the means scatter by the standard error, within 30 %."""
    spacing = (2.5, 0.7, 0.7)
    rng = np.random.default_rng(3)
    raw = [gaussian_filter(rng.normal(size=SHAPE), [0, 1.2, 1.2], mode="wrap") * 60 for _ in range(60)]
    means = [r.mean() for r in raw]
    claimed = np.mean([region_mean(100 + r, EVERYTHING, spacing).sem for r in raw[:10]])

    assert claimed == pytest.approx(np.std(means), rel=0.3)


def test_structure_of_bone_is_no_noise():
    """A gradient through the body leaves the standard error within 25 % of that of the noise alone."""
    gradient = np.linspace(-40, 40, SHAPE[1])[None, :, None]
    alone = region_mean(noise(), EVERYTHING, (1.0, 1.0, 1.0))
    tilted = region_mean(noise() + gradient, EVERYTHING, (1.0, 1.0, 1.0))

    assert tilted.sem == pytest.approx(alone.sem, rel=0.25)


def test_a_region_without_noise_is_certain():
    """Where every voxel reads the same, the standard error is 0."""
    assert region_mean(np.full(SHAPE, 100.0), EVERYTHING, (1.0, 1.0, 1.0)).sem == 0


def test_one_voxel_has_no_neighbours():
    """A region of a single voxel reads that voxel."""
    member = np.zeros(SHAPE, bool)
    member[5, 5, 5] = True
    found = region_mean(noise(), member, (1.0, 1.0, 1.0))

    assert found.hu == noise()[5, 5, 5]


def test_texture_is_not_counted_as_noise():
    """Where the image noise is known, scatter beyond it makes the mean no less sure."""
    scattered = noise(sd=60.0)
    blind = region_mean(scattered, EVERYTHING, (1.0, 1.0, 1.0))
    informed = region_mean(scattered, EVERYTHING, (1.0, 1.0, 1.0), noise_hu=20.0)

    assert informed.sem == pytest.approx(blind.sem / 3, rel=0.1)
    assert informed.hu == blind.hu


def test_more_noise_than_scatter_is_not_believed():
    """The voxels' own scatter is the upper limit of their noise."""
    values = noise(sd=10.0)

    assert region_mean(values, EVERYTHING, (1.0, 1.0, 1.0), noise_hu=90.0) == region_mean(
        values, EVERYTHING, (1.0, 1.0, 1.0)
    )
