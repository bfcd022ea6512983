import numpy as np
import pytest

from models.digital_patient.acquisition import Acquisition, blurred, noise, slices_of, streaks
from models.digital_patient.grid import ScanGrid

SHAPE = (6, 128, 128)
PATHS = np.full(6, 28.0)


def test_noise_has_the_wanted_spread_and_no_mean():
    """The SD is what was asked for, and the mean of every slice is zero."""
    found = noise(SHAPE, Acquisition(noise_sd_hu=25.0), PATHS, np.random.default_rng(1))

    assert found.std() == pytest.approx(25.0, rel=0.03)
    assert np.abs(found.mean(axis=(1, 2))).max() < 0.01


def test_sharp_kernels_make_finer_noise():
    """Neighbours are less alike where the peak of the noise power lies higher."""

    def likeness(peak):
        grain = noise(SHAPE, Acquisition(noise_peak_per_mm=peak), PATHS, np.random.default_rng(1))
        return float((grain[:, :, 1:] * grain[:, :, :-1]).mean() / grain.var())

    assert likeness(0.15) > likeness(0.3) + 0.1


def test_noise_grows_with_the_patient():
    """Ten more centimetres of water make it about 1.65 times as strong."""
    thin, thick = (
        noise(SHAPE, Acquisition(), np.full(6, path), np.random.default_rng(1)).std() for path in (25.0, 35.0)
    )

    assert thick / thin == pytest.approx(1.65, abs=0.02)


def test_a_slice_is_the_mean_over_its_thickness():
    """A ramp keeps its values, and a thin bright sheet is spread over a thick slice."""
    ramp = np.arange(12, dtype=np.float32)[:, None, None] * np.ones((1, 2, 2), np.float32)
    sheet = np.zeros_like(ramp)
    sheet[4] = 100
    grid = ScanGrid((12, 2, 2), (1.0, 1.0, 1.0), (0.0, 0.0, 0.0))

    assert slices_of(ramp, grid, 3.0, 3)[:, 0, 0] == pytest.approx([1, 4, 7, 10])
    assert slices_of(sheet, grid, 3.0, 3)[:, 0, 0] == pytest.approx([0, 100 / 3, 0, 0])


def test_blur_keeps_the_sum_and_has_the_wanted_width():
    """A point becomes a spot whose second moment is that of the PSF."""
    point = np.zeros((1, 61, 61), np.float32)
    point[0, 30, 30] = 1000
    spot = blurred(point, Acquisition(pixel_mm=0.5, psf_fwhm_mm=3.0))[0]
    offset = (np.arange(61) - 30) * 0.5
    width = np.sqrt((spot.sum(axis=0) * offset**2).sum() / spot.sum()) * 2.355

    assert spot.sum() == pytest.approx(1000, rel=1e-3)
    assert width == pytest.approx(3.0, rel=0.05)


def test_streaks_come_from_metal_only_if_there_is_some():
    """Soft tissue throws none; two pieces of metal throw rays and a dark band between them."""
    plain = np.full((1, 80, 80), 40, np.float32)
    metal = plain.copy()
    metal[0, 38:42, 20:24] = metal[0, 38:42, 56:60] = 3000
    no_blood = np.zeros(plain.shape, bool)

    assert not streaks(plain, no_blood, Acquisition(), np.random.default_rng(0)).any()
    added = streaks(metal, no_blood, Acquisition(), np.random.default_rng(0))[0]
    assert added[38:42, 36:44].mean() < -60
