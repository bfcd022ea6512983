from dataclasses import replace

import pytest

from cds.ct.reason import because
from tests.support.assessments import a_calibration, a_refusal, an_assessment


def test_an_assessed_result_needs_a_value():
    """Assessed without value or interval is a fault."""
    for missing in ("vbmd_mg_cm3", "ci95_mg_cm3"):
        with pytest.raises(ValueError, match="needs a value"):
            replace(an_assessment(), **{missing: None})


def test_a_refusal_needs_a_reason_and_has_no_value():
    """Not assessable without a reason, or with a value, is a fault."""
    with pytest.raises(ValueError, match="needs a reason"):
        replace(a_refusal(), reasons=())
    with pytest.raises(ValueError, match="has no value"):
        replace(a_refusal(because("kvp-missing")), vbmd_mg_cm3=80.0)


def test_one_more_error_of_the_slope_is_independent():
    """Squares add; the covariance with the offset stays what it was."""
    before = a_calibration(slope_sd_fraction=0.03, slope_offset_correlation=0.5)
    after = before.with_slope_error(0.04)

    assert after.slope_sd_fraction == pytest.approx(0.05)
    assert after.slope_offset_correlation * 0.05 == pytest.approx(0.5 * 0.03)


def test_a_slope_without_error_has_no_correlation():
    """Nothing to correlate, nothing divided by."""
    assert a_calibration(slope_sd_fraction=0.0).with_slope_error(0.0).slope_offset_correlation == 0
