import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from cds.bone.tissue_sample import histogram_mode, robust_sd

EVERYWHERE = np.ones((4, 24, 24), bool)


def noise(seed, sd, grain=0.0):
    """Planes of noise, with a grain of so many squares."""
    white = np.random.default_rng(seed).normal(size=EVERYWHERE.shape)
    smooth = gaussian_filter(white, (0, grain, grain), mode="wrap") if grain else white
    return sd * smooth / smooth.std()


@settings(max_examples=25, deadline=None)
@given(st.floats(30, 60), st.floats(3, 15), st.integers(0, 99))
def test_the_mode_of_a_bell_is_its_middle(middle_hu, sd_hu, seed):
    """Within four of its own standard errors."""
    mode = histogram_mode(middle_hu + noise(seed, sd_hu), EVERYWHERE, (0.0, 150.0))

    assert abs(mode.hu - middle_hu) < 4 * mode.sem_hu + 0.5
    assert mode.sd_hu == pytest.approx(sd_hu, rel=0.15)


@pytest.mark.parametrize("share", [0.1, 0.2, 0.3])
def test_another_tissue_beside_it_does_not_move_the_mode(share):
    """Where up to 30 % of the squares read 35 HU less, the mode stays within 4 HU; the mean falls by as much as 10."""
    hu = 50 + noise(3, 8.0)
    hu -= 35 * (np.random.default_rng(4).random(hu.shape) < share)

    assert histogram_mode(hu, EVERYWHERE, (0.0, 150.0)).hu == pytest.approx(50, abs=4)
    assert hu.mean() < 50 - 30 * share


def test_correlated_noise_is_less_sure():
    """The same spread in grains of several squares has the larger standard error."""
    fine, coarse = (histogram_mode(50 + noise(5, 8.0, grain), EVERYWHERE, (0.0, 150.0)) for grain in (0.0, 1.5))

    assert coarse.sem_hu > 2 * fine.sem_hu


@pytest.mark.parametrize("grain", [0.0, 1.0])
def test_the_standard_error_is_that_of_repetition(grain):
    """Over 60 noises the mode scatters as it says, within 60 %, whatever the grain."""
    found = [histogram_mode(50 + noise(seed, 10.0, grain), EVERYWHERE, (0.0, 150.0)) for seed in range(60)]
    scatter = float(np.std([each.hu for each in found], ddof=1))

    assert 0.6 < float(np.mean([each.sem_hu for each in found])) / scatter < 1.6


def test_only_values_within_the_range_count():
    """What lies beyond the range is another tissue."""
    hu = np.full(EVERYWHERE.shape, -20.0)
    hu[:, :8] = 45.0
    mode = histogram_mode(hu, EVERYWHERE, (0.0, 150.0))

    assert mode.hu == pytest.approx(45, abs=1)
    assert mode.count == 4 * 8 * 24


def test_the_spread_ignores_outliers():
    """A tenth of the values at 900 HU leave the standard deviation near that of the rest."""
    values = noise(6, 10.0).ravel()
    values[::10] = 900

    assert robust_sd(values) == pytest.approx(10, rel=0.25)
