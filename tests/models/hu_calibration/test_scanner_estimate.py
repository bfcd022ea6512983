"""The estimate of offset and hardness: what it must do, and a case by hand."""

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.hu_calibration.scanner_estimate import TissueReading, apparent_hardness, estimate_scanner, estimate_slope
from models.hu_calibration.scanner_prior import DOCUMENTED_SCANNER, UNKNOWN_SCANNER
from models.hu_calibration.slope_table import SlopeTable
from models.hu_calibration.tissue_expectation import TISSUE_PRIORS, expected_hu, hu_per_hardness

TABLE = SlopeTable.load()
PATHS_CM = {"fat": 10.0, "muscle": 29.0, "blood": 29.0}

kvps = st.floats(70, 150)
differences = st.fixed_dictionaries({tissue: st.floats(-25, 25) for tissue in PATHS_CM})
sems = st.floats(0, 8)


def readings(above, kvp=120.0, sem_hu=1.0):
    """Tissues that read so much above what is expected."""
    return [
        TissueReading(tissue, expected_hu(TABLE, tissue, kvp, PATHS_CM[tissue]) + hu, sem_hu, PATHS_CM[tissue])
        for tissue, hu in above.items()
    ]


def test_the_case_by_hand():
    """Blood at 52 HU where 42 is expected: 0.7 HU of offset, variance 5.8."""
    only_offset = replace(UNKNOWN_SCANNER, hardness_sd=0.0)
    found = estimate_scanner(TABLE, 120.0, only_offset, readings({"blood": 10.0}))
    variance = 1 + 8**2 + 4.8**2

    assert found.offset_hu == pytest.approx(10 * 6.25 / (6.25 + variance)) == pytest.approx(0.66, abs=0.01)
    assert found.offset_variance == pytest.approx(6.25 - 6.25**2 / (6.25 + variance))
    assert (found.hardness, found.hardness_variance, found.covariance) == (0.0, 0.0, 0.0)


@given(kvps, differences, sems)
def test_it_is_the_least_squares_solution(kvp, above, sem_hu):
    """The same as solving prior and tissues together, weighted by their variances."""
    given_readings = readings(above, kvp, sem_hu)
    found = estimate_scanner(TABLE, kvp, UNKNOWN_SCANNER, given_readings)
    rows, values, variances = [[1, 0], [0, 1]], [0.0, 0.0], [2.5**2, 0.35**2]
    for reading in given_readings:
        rows.append([1, hu_per_hardness(TABLE, reading.tissue, kvp, reading.water_path_cm)])
        values.append(above[reading.tissue])
        variances.append(sem_hu**2 + TISSUE_PRIORS[reading.tissue].sd_hu ** 2)
    design, weight = np.array(rows, float), np.diag(1 / np.array(variances))
    covariance = np.linalg.inv(design.T @ weight @ design)
    solution = covariance @ design.T @ weight @ np.array(values)

    assert (found.offset_hu, found.hardness) == pytest.approx(tuple(solution), abs=1e-6)
    assert [[found.offset_variance, found.covariance], [found.covariance, found.hardness_variance]] == [
        pytest.approx(list(row), abs=1e-6) for row in covariance
    ]


@given(differences)
def test_the_order_of_tissues_does_not_matter(above):
    """Fat first or last."""
    offsets = [
        estimate_scanner(TABLE, 120.0, UNKNOWN_SCANNER, order).offset_hu for order in permutations(readings(above))
    ]

    assert offsets == pytest.approx([offsets[0]] * len(offsets))


@given(differences, st.sets(st.sampled_from(sorted(PATHS_CM))))
def test_more_tissues_are_more_certain(above, some):
    """Each tissue lowers both variances, or leaves them."""
    few = estimate_scanner(TABLE, 120.0, UNKNOWN_SCANNER, readings({t: above[t] for t in sorted(some)}))
    all_three = estimate_scanner(TABLE, 120.0, UNKNOWN_SCANNER, readings(above))

    assert all_three.offset_variance <= few.offset_variance + 1e-12
    assert all_three.hardness_variance <= few.hardness_variance + 1e-12


def test_without_tissues_it_is_the_prior():
    """And the slope that of the table."""
    found = estimate_scanner(TABLE, 120.0, UNKNOWN_SCANNER)
    slope = estimate_slope(TABLE, 120.0, 29.0, UNKNOWN_SCANNER, found)

    assert (found.offset_hu, found.hardness, found.covariance) == (0.0, 0.0, 0.0)
    assert slope.hu_per_mg_cm3 == TABLE.slope_hu_per_mg_cm3(120.0, 29.0)
    assert slope.variance**0.5 / slope.hu_per_mg_cm3 == pytest.approx(0.082, abs=0.001)


def test_a_measured_scanner_keeps_its_offset():
    """Where a site has measured offset and slope well, tissues hardly move them."""
    site = replace(
        UNKNOWN_SCANNER,
        kind="site",
        slope_factor=1.06,
        slope_sd_fraction=0.01,
        offset_hu=3.0,
        offset_sd_hu=0.5,
        hardness_sd=0.0,
    )
    found = estimate_scanner(TABLE, 120.0, site, readings({"fat": -15.0, "muscle": -20.0, "blood": -8.0}))
    slope = estimate_slope(TABLE, 120.0, 29.0, site, found)

    assert found.offset_hu == pytest.approx(3.0, abs=0.2)
    assert slope.hu_per_mg_cm3 == pytest.approx(1.06 * TABLE.slope_hu_per_mg_cm3(120.0, 29.0))
    assert slope.variance == pytest.approx((0.01 * slope.hu_per_mg_cm3) ** 2)


@given(st.floats(-25, 25))
def test_fat_that_reads_high_means_a_harder_beam(above_hu):
    """And a lower slope; the errors of slope and offset then belong together."""
    found = estimate_scanner(TABLE, 120.0, DOCUMENTED_SCANNER, readings({"fat": above_hu}))
    slope = estimate_slope(TABLE, 120.0, 29.0, DOCUMENTED_SCANNER, found)

    assert found.hardness * above_hu >= 0
    assert (slope.hu_per_mg_cm3 - TABLE.slope_hu_per_mg_cm3(120.0, 29.0)) * above_hu <= 0
    assert slope.offset_covariance > 0 > found.covariance


@pytest.mark.parametrize("steps", [-2.0, 0.0, 3.0])
def test_apparent_hardness_counts_steps_of_filtration(steps):
    """Fat that reads as a beam so many steps harder says so many steps, whatever the prior."""
    fat = readings({"fat": steps * hu_per_hardness(TABLE, "fat", 120.0, 10.0)})[0]

    assert apparent_hardness(TABLE, 120.0, fat) == pytest.approx(steps)
