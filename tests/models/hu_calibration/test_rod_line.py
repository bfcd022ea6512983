"""The line through the rods: laws of weighted least squares, and the two densities of a Mindways rod."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.hu_calibration.rod_line import ROD_SD_HU, Rod, fit_rods

slopes = st.floats(0.8, 2.5)
offsets_hu = st.floats(-15, 15)
densities = st.lists(st.integers(-60, 800), min_size=3, max_size=8, unique=True)


def rods_on(slope, offset_hu, densities, sds=None):
    """Rods that lie on a line exactly."""
    sds = sds or [None] * len(densities)
    return [Rod(float(each), offset_hu + slope * each, sd) for each, sd in zip(densities, sds, strict=True)]


@settings(max_examples=50, deadline=None)
@given(slopes, offsets_hu, densities, st.data())
def test_a_line_without_noise_returns_itself(slope, offset_hu, densities, data):
    """Whatever the weights, rods on a line give that line, no residual, and an R2 of 1."""
    sds = data.draw(st.lists(st.floats(0.5, 20), min_size=len(densities), max_size=len(densities)))
    line = fit_rods(rods_on(slope, offset_hu, densities, sds))

    assert line.slope_hu_per_mg_cm3 == pytest.approx(slope, rel=1e-6)
    assert line.intercept_hu == pytest.approx(offset_hu, abs=1e-4)
    assert line.residual_sd_hu == pytest.approx(0, abs=1e-4)
    assert line.r_squared == pytest.approx(1)


@settings(max_examples=50, deadline=None)
@given(slopes, offsets_hu, densities, st.floats(0.5, 2.0))
def test_hu_scaled_scale_the_line(slope, offset_hu, densities, factor):
    """Twice the HU is twice the slope and twice the intercept."""
    rods = rods_on(slope, offset_hu, densities)
    line, scaled = fit_rods(rods), fit_rods([replace(rod, hu=factor * rod.hu) for rod in rods])

    assert scaled.slope_hu_per_mg_cm3 == pytest.approx(factor * line.slope_hu_per_mg_cm3)
    assert scaled.intercept_hu == pytest.approx(factor * line.intercept_hu, abs=1e-6)


@settings(max_examples=50, deadline=None)
@given(slopes, offsets_hu, densities, st.data())
def test_the_order_of_the_rods_does_not_matter(slope, offset_hu, densities, data):
    """Shuffled rods give the same line."""
    noise = data.draw(st.lists(st.floats(-3, 3), min_size=len(densities), max_size=len(densities)))
    rods = [replace(r, hu=r.hu + n) for r, n in zip(rods_on(slope, offset_hu, densities), noise, strict=True)]
    shuffled = data.draw(st.permutations(rods))

    assert fit_rods(shuffled).slope_hu_per_mg_cm3 == pytest.approx(fit_rods(rods).slope_hu_per_mg_cm3)


@settings(max_examples=50, deadline=None)
@given(st.floats(0.9, 2.0), st.floats(-10, 10))
def test_a_mindways_rod_is_read_as_a_solution(slope, offset_hu):
    """Rods of mineral and water, made by the maker's own formula, give sigma - 0.2174 and beta + 999.6."""
    stated = [(-51.83, 1012.25), (-53.40, 1056.95), (58.88, 1103.57), (157.05, 1119.52), (375.83, 923.20)]
    sigma, beta = slope + 0.2174, offset_hu - 999.6
    line = fit_rods([Rod(k, sigma * k + beta + water, None, water) for k, water in stated])

    assert line.slope_hu_per_mg_cm3 == pytest.approx(slope)
    assert line.intercept_hu == pytest.approx(offset_hu, abs=1e-6)


def test_a_noisy_rod_counts_less():
    """A rod that is 10 HU off moves the line less when its SD says that it is noisy."""
    rods = [Rod(0, 0, 5), Rod(50, 65, 5), Rod(100, 130, 5), Rod(200, 270, 5)]
    trusted, doubted = fit_rods(rods), fit_rods([*rods[:3], replace(rods[3], hu_sd=50)])

    assert doubted.slope_hu_per_mg_cm3 == pytest.approx(1.3, abs=0.005)
    assert trusted.slope_hu_per_mg_cm3 > doubted.slope_hu_per_mg_cm3 + 0.02


def test_standard_deviations_are_those_of_repeated_measurements():
    """1,000 phantoms with 3 HU of noise scatter as each of them says: slope and intercept within 10 %."""
    random = np.random.default_rng(1)
    lines = [fit_rods([Rod(d, 2 + 1.3 * d + random.normal(0, 3)) for d in (0, 50, 100, 150, 200)]) for _ in range(1000)]
    for value, sd in (("slope_hu_per_mg_cm3", "slope_sd"), ("intercept_hu", "intercept_sd_hu")):
        scatter = np.std([getattr(line, value) for line in lines])
        stated = np.sqrt(np.mean([getattr(line, sd) ** 2 for line in lines]))
        assert stated == pytest.approx(scatter, rel=0.1)


def test_luck_is_not_precision():
    """Three rods on a line exactly are still uncertain by the placing of their regions."""
    line = fit_rods(rods_on(1.3, 0, [0, 100, 200]))

    assert line.slope_sd == pytest.approx(ROD_SD_HU / 141.4, rel=0.01)


@pytest.mark.parametrize("rods", [[Rod(0, 0), Rod(100, 130)], [Rod(100, 130), Rod(100, 131), Rod(100, 129)]])
def test_a_line_needs_three_rods_and_two_densities(rods):
    """Fewer have no line, or no uncertainty."""
    with pytest.raises(ValueError, match="three rods"):
        fit_rods(rods)
