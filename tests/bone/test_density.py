import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.bone.anatomy import VertebralLevel
from cds.bone.density import (
    NORMAL_95,
    NUMBERING_SD_FRACTION,
    REGION_SD_MG_CM3,
    PatientDensity,
    density_of,
    difference_from_others,
    hu_of,
    patient_density,
)
from cds.bone.level_conversion import CONVERSIONS, SPREAD_BETWEEN_VERTEBRAE_MG_CM3, choose_levels
from tests.bone.builders import a_calibration, a_density, a_roi

hus = st.floats(-60, 400)
slopes = st.floats(0.9, 2.6)
offsets = st.floats(-8, 8)
sems = st.floats(0, 4)
fractions = st.floats(0, 0.15)


def combined(*densities, ambiguous=False):
    """The patient's density from these levels."""
    by_level = {density.level: density for density in densities}
    return patient_density(by_level, choose_levels(by_level), ambiguous=ambiguous)


def width(interval):
    """Of an interval."""
    return interval[1] - interval[0]


@given(hus, slopes, offsets)
def test_density_and_hu_are_inverse(hu, slope, offset):
    """What a density reads is the HU it came from."""
    calibration = a_calibration(slope_hu_per_mg_cm3=slope, offset_hu=offset)
    density = density_of(a_roi(hu=hu), calibration)

    assert hu_of(density.vbmd_mg_cm3, calibration) == pytest.approx(hu, abs=1e-6)


@given(hus, hus, slopes, offsets)
def test_density_rises_with_hu(one_hu, other_hu, slope, offset):
    """More HU never means less bone."""
    calibration = a_calibration(slope_hu_per_mg_cm3=slope, offset_hu=offset)
    low, high = sorted((one_hu, other_hu))

    assert (
        a_density(hu=low, calibration=calibration).vbmd_mg_cm3
        <= a_density(hu=high, calibration=calibration).vbmd_mg_cm3
    )


@given(hus, sems, sems, fractions, fractions)
def test_more_error_means_a_wider_interval(hu, one_sem, other_sem, one_fraction, other_fraction):
    """The interval widens with noise and with the error of the slope, and holds the value."""
    small = a_density(
        hu=hu,
        hu_sem=min(one_sem, other_sem),
        calibration=a_calibration(slope_sd_fraction=min(one_fraction, other_fraction)),
    )
    large = a_density(
        hu=hu,
        hu_sem=max(one_sem, other_sem),
        calibration=a_calibration(slope_sd_fraction=max(one_fraction, other_fraction)),
    )

    assert width(small.ci95_mg_cm3) <= width(large.ci95_mg_cm3) + 1e-9
    assert large.ci95_mg_cm3[0] < large.vbmd_mg_cm3 < large.ci95_mg_cm3[1]


def test_each_error_adds_what_it_should():
    """At 100 mg/cm3: noise SEM / slope, region 2.5, slope 8 %, offset SD / slope; together in quadrature."""
    density = a_density(hu=128.0, hu_sem=1.28)
    expected = (1.0**2 + REGION_SD_MG_CM3**2 + 8.0**2 + (2.5 / 1.28) ** 2) ** 0.5

    assert density.vbmd_mg_cm3 == pytest.approx(100)
    assert density.ci95_mg_cm3 == pytest.approx((100 - NORMAL_95 * expected, 100 + NORMAL_95 * expected))


@given(hus, slopes, offsets, st.floats(-0.9, 0.9))
def test_errors_that_belong_together_are_added_so(hu, slope, offset, correlation):
    """Propagated to first order: the gradient of (HU - o) / s, and the covariance of s and o."""
    calibration = a_calibration(slope_hu_per_mg_cm3=slope, offset_hu=offset, slope_offset_correlation=correlation)
    density = density_of(a_roi(hu=hu), calibration)
    sd_slope, sd_offset = slope * calibration.slope_sd_fraction, calibration.offset_sd_hu
    by_slope, by_offset = -(hu - offset) / slope**2, -1 / slope
    variance = (by_slope * sd_slope) ** 2 + (by_offset * sd_offset) ** 2
    variance += 2 * by_slope * by_offset * correlation * sd_slope * sd_offset

    assert density.shared_sd == pytest.approx(variance**0.5, abs=1e-6)


@given(st.floats(-0.9, 0.9))
def test_two_levels_share_the_covariance(correlation):
    """Slope and offset err alike at both, so their mean is as uncertain as either."""
    calibration = a_calibration(slope_offset_correlation=correlation)
    one, other = (a_density(level, calibration=calibration, hu_sem=0.0) for level in ("L1", "L2"))

    assert combined(one, other).sd_mg_cm3 ** 2 == pytest.approx(one.shared_sd**2 + REGION_SD_MG_CM3**2 / 2)


@given(hus, hus)
def test_the_patient_value_is_the_mean_of_l1_and_l2(one_hu, other_hu):
    """With both there is no conversion."""
    one, other = a_density("L1", one_hu), a_density("L2", other_hu)

    assert combined(one, other).vbmd_mg_cm3 == pytest.approx((one.vbmd_mg_cm3 + other.vbmd_mg_cm3) / 2)


def test_shared_errors_do_not_average_out():
    """Two levels halve the variance of noise and region; slope and offset stay."""
    one = combined(a_density("L1"), a_density("L2"))
    independent = (1.2 / 1.28) ** 2 + REGION_SD_MG_CM3**2

    assert one.sd_mg_cm3**2 == pytest.approx(independent / 2 + 8.0**2 + (2.5 / 1.28) ** 2)


@given(st.floats(20, 350))
def test_one_level_is_less_certain_than_two(hu):
    """A single vertebra has the wider interval, and a thoracic estimate the widest."""
    both = combined(a_density("L1", hu), a_density("L2", hu))
    replaced = combined(a_density("L1", hu), a_density("T12", hu * CONVERSIONS[VertebralLevel.T12].ratio))
    single = combined(a_density("L1", hu))
    thoracic = combined(
        *(a_density(level, hu * CONVERSIONS[VertebralLevel(level)].ratio) for level in ("T9", "T10", "T11"))
    )

    assert both.sd_mg_cm3 < replaced.sd_mg_cm3 < single.sd_mg_cm3 < thoracic.sd_mg_cm3
    assert thoracic.sd_mg_cm3 >= 16
    assert both.vbmd_mg_cm3 == pytest.approx(replaced.vbmd_mg_cm3) == pytest.approx(thoracic.vbmd_mg_cm3)


@given(st.floats(-40, 350))
def test_conversion_does_not_shrink(hu):
    """Twice the converted reading is twice the value: extremes are not drawn to the mean."""
    assert combined(a_density("T12", 2 * hu)).vbmd_mg_cm3 == pytest.approx(
        2 * combined(a_density("T12", hu)).vbmd_mg_cm3
    )


@pytest.mark.parametrize("levels", [("L1", "L2"), ("L1",)], ids=len)
def test_uncertain_numbering_widens(levels):
    """One of the levels exchanged for its neighbour: 8 mg/cm3 and 4.4 %, over the number of levels."""
    densities = [a_density(level) for level in levels]
    sure, unsure = combined(*densities), combined(*densities, ambiguous=True)
    one_exchanged = SPREAD_BETWEEN_VERTEBRAE_MG_CM3**2 + (NUMBERING_SD_FRACTION * 100) ** 2

    assert unsure.sd_mg_cm3**2 - sure.sd_mg_cm3**2 == pytest.approx(one_exchanged / len(levels) ** 2)
    assert unsure.vbmd_mg_cm3 == sure.vbmd_mg_cm3


def test_the_widening_covers_a_shift_by_one_level():
    """L2 and L3 taken for L1 and L2 are 2.2 % too low, T12 and L1 1.3 % too high: the share in the widening."""
    mean = {name: CONVERSIONS[VertebralLevel(name)].ratio * 100 for name in ("T12", "L1", "L2", "L3")}
    too_low, too_high = 100 - (mean["L2"] + mean["L3"]) / 2, (mean["T12"] + mean["L1"]) / 2 - 100

    assert (too_low, too_high) == pytest.approx((2.2, 1.25))
    assert max(too_low, too_high) == pytest.approx(100 * NUMBERING_SD_FRACTION / 2)


def test_levels_that_disagree_are_less_certain():
    """L1 and L2 of 52 and 152 HU are far less certain than both at 102 HU, with the same mean."""
    alike, apart = (
        combined(a_density("L1", 102), a_density("L2", 102)),
        combined(a_density("L1", 52), a_density("L2", 152)),
    )
    half_difference = 100 / 1.28 / 2

    assert apart.vbmd_mg_cm3 == pytest.approx(alike.vbmd_mg_cm3)
    assert apart.sd_mg_cm3 > 0.95 * half_difference / 2**0.5
    assert width(apart.ci95_mg_cm3) > 2 * width(alike.ci95_mg_cm3)


@pytest.mark.parametrize(
    ("names", "apart_mg_cm3"),
    [(("L1", "L2"), 8.0), (("L1", "L3"), 9.7), (("T12", "L1"), 12.3), (("T10", "T11"), 22.0)],
    ids=str,
)
def test_ordinary_differences_between_vertebrae_do_not_widen(names, apart_mg_cm3):
    """What neighbours, or converted levels, usually differ by is no disagreement."""
    ratios = [CONVERSIONS[VertebralLevel(name)].ratio for name in names]
    shifts = (-apart_mg_cm3 / 2, apart_mg_cm3 / 2)
    apart = [a_density(n, (100 + s) * 1.28 * r) for n, s, r in zip(names, shifts, ratios, strict=True)]
    alike = [a_density(n, 100 * 1.28 * r) for n, r in zip(names, ratios, strict=True)]

    assert combined(*apart).sd_mg_cm3 == pytest.approx(combined(*alike).sd_mg_cm3, rel=0.001)


@given(st.floats(0, 150), st.floats(0, 150))
def test_more_disagreement_is_never_more_certain(one_mg_cm3, other_mg_cm3):
    """The further L1 and L2 lie apart, the wider the interval about the same mean."""
    near, far = sorted((one_mg_cm3, other_mg_cm3))
    by_distance = [combined(a_density("L1", 192 - d * 0.64), a_density("L2", 192 + d * 0.64)) for d in (near, far)]

    assert by_distance[0].sd_mg_cm3 <= by_distance[1].sd_mg_cm3 + 1e-9


def test_fatty_marrow_may_be_negative():
    """A value below zero keeps its sign and a sensible interval."""
    density = combined(a_density("L1", -30), a_density("L2", -20))

    assert density.vbmd_mg_cm3 < 0
    assert 3 < density.sd_mg_cm3 < 6


def test_the_interval_is_central():
    """95 % of a normal distribution lie within 1.96 standard deviations."""
    assert PatientDensity(100, 10).ci95_mg_cm3 == pytest.approx((80.4, 119.6), abs=0.01)


def test_levels_are_compared_after_conversion():
    """A T12 that is 2.5 % denser than L1 and L2 does not differ from them."""
    t12 = a_density("T12", 128 * CONVERSIONS[VertebralLevel.T12].ratio)

    assert difference_from_others(t12, [a_density("L1"), a_density("L2")]) == pytest.approx(0)
    assert difference_from_others(a_density("L1", 192), [a_density("L2"), t12]) == pytest.approx(50)
