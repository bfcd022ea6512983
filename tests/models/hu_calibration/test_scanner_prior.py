"""What is known of a scanner beforehand."""

from dataclasses import replace

import pytest

from models.hu_calibration.scanner_prior import DOCUMENTED_SCANNER, UNKNOWN_SCANNER


@pytest.mark.parametrize(
    "wrong",
    [
        {"slope_factor": 0.0},
        {"slope_factor": float("nan")},
        {"slope_sd_fraction": -0.1},
        {"offset_hu": float("inf")},
        {"offset_sd_hu": float("nan")},
        {"hardness_sd": -1.0},
    ],
    ids=str,
)
def test_what_no_scanner_can_be_is_refused(wrong):
    """Neither a slope of nothing nor a negative or endless spread."""
    with pytest.raises(ValueError, match=r"scanner"):
        replace(UNKNOWN_SCANNER, **wrong)


def test_an_unknown_scanner_is_the_least_certain():
    """Its slope is known to 8 %, that of documented filtration four times better."""
    assert UNKNOWN_SCANNER.slope_sd_fraction == 0.08
    assert DOCUMENTED_SCANNER.slope_sd_fraction < UNKNOWN_SCANNER.slope_sd_fraction / 3
    assert UNKNOWN_SCANNER.kind == "unknown"
