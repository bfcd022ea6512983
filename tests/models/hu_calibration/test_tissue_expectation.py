"""What tissues should read: means from patients, voltage and size from the tables."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.hu_calibration.slope_table import SlopeTable
from models.hu_calibration.tissue_expectation import TISSUE_PRIORS, expected_hu, hu_at_120_kvp, hu_per_hardness

TABLE = SlopeTable.load()
tissues = st.sampled_from(sorted(TISSUE_PRIORS))
kvps = st.floats(70, 150)
paths_cm = st.floats(10, 50)


@pytest.mark.parametrize("tissue", sorted(TISSUE_PRIORS))
def test_at_the_reference_it_is_the_mean(tissue):
    """120 kVp and the usual water path: what real scans read."""
    prior = TISSUE_PRIORS[tissue]

    assert expected_hu(TABLE, tissue, 120.0, prior.water_path_cm) == pytest.approx(prior.mean_hu)
    assert prior.source


@given(tissues, kvps, paths_cm, kvps, paths_cm)
def test_voltage_and_size_change_it_as_the_table_says(tissue, kvp, path_cm, other_kvp, other_path_cm):
    """Differences between two scans are those of the table."""
    expected = expected_hu(TABLE, tissue, kvp, path_cm) - expected_hu(TABLE, tissue, other_kvp, other_path_cm)

    assert expected == pytest.approx(
        TABLE.tissue_hu(tissue, kvp, path_cm) - TABLE.tissue_hu(tissue, other_kvp, other_path_cm)
    )


@given(tissues, kvps, paths_cm)
def test_the_expected_reads_the_mean_at_120_kvp(tissue, kvp, path_cm):
    """Whatever the voltage, a tissue as expected compares as the mean."""
    hu = expected_hu(TABLE, tissue, kvp, path_cm)

    assert hu_at_120_kvp(TABLE, tissue, hu, kvp, path_cm) == pytest.approx(TISSUE_PRIORS[tissue].mean_hu)


@pytest.mark.parametrize(("kvp", "expected"), [(80, 10.1), (100, 8.6), (120, 7.2), (140, 6.1)])
def test_fat_feels_the_spectrum(kvp, expected):
    """6 to 10 HU a step of filtration under the skin; blood and muscle less than 1 HU in the middle."""
    assert hu_per_hardness(TABLE, "fat", kvp, 10.0) == pytest.approx(expected, abs=0.1)
    assert abs(hu_per_hardness(TABLE, "blood", kvp, 29.0)) < 1
    assert abs(hu_per_hardness(TABLE, "muscle", kvp, 29.0)) < 1


def test_the_errors_of_mean_and_people_are_kept_apart():
    """Both make the spread of a tissue, neither alone."""
    for prior in TISSUE_PRIORS.values():
        assert prior.sd_hu == pytest.approx((prior.mean_sd_hu**2 + prior.between_people_sd_hu**2) ** 0.5)
        assert min(prior.mean_sd_hu, prior.between_people_sd_hu) > 0
