import pytest

from tests.benchmarks.calibration.real_pairs import FILE, read_pairs, record_of

needs_pairs = pytest.mark.skipif(not FILE.exists(), reason="../shared/calibration/verse19_reference_vbmd.csv is absent")


@needs_pairs
def test_real_pairs_differ_by_more_than_any_simulation():
    """Seventeen pairs, six without contrast; limits of agreement beyond +-20 mg/cm3."""
    found = record_of(read_pairs())

    assert (found["all"]["pairs"], found["unenhanced"]["pairs"]) == (17, 6)
    assert found["all"]["limits_half_width"]["value"] > 20
