"""Mirrors cds/bone/trend.py."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cds.bone.assessment import Contrast, Software
from cds.bone.trend import LEAST_SIGNIFICANT_FACTOR, compare, in_order, same_scanner, standard_error
from tests.support.assessments import a_calibration, a_refusal, an_acquisition, an_assessment

FIRST, LATER = date(2019, 5, 1), date(2025, 5, 1)
SITE = a_calibration(scanner="site")


def a_ct(day, vbmd=100.0, half_width=4.9, **facts):
    """A CT on a calibrated scanner."""
    usual = {
        "vbmd_mg_cm3": vbmd,
        "ci95_mg_cm3": (vbmd - half_width, vbmd + half_width),
        "flags": (),
        "calibration": SITE,
        "acquisition": an_acquisition(study_date=day, series_uid=str(day)),
    }
    return an_assessment(**(usual | facts))


@pytest.mark.parametrize(
    ("later", "verdict"),
    [
        (90.3, "no-change-shown"),  # standard errors of 2.5 each: 2.77 x 3.54 = 9.79
        (90.2, "lower"),
        (109.7, "no-change-shown"),
        (109.8, "higher"),
    ],
)
def test_a_change_is_called_beyond_277_combined_standard_errors(later, verdict):
    """And not at or within them."""
    found = compare(a_ct(FIRST), a_ct(LATER, later))

    assert found.needed_mg_cm3 == pytest.approx(9.79, abs=0.01)
    assert found.verdict == verdict


UNCALIBRATED = a_calibration(scanner="unknown")


@pytest.mark.parametrize(
    ("change", "obstacle"),
    [
        ({"contrast": Contrast("enhanced", 180.0)}, "contrast"),
        ({"contrast": Contrast("unknown")}, "contrast"),
        ({"flags": ("thoracic-estimate",)}, "thoracic-estimate"),
        ({"calibration": UNCALIBRATED}, "scanner"),
        ({"calibration": None}, "scanner"),
        ({"software": Software("0.2.0", "spine-net-2", "cd" * 32)}, "software"),
    ],
)
@pytest.mark.parametrize("which", ["earlier", "later"])
def test_pairs_that_are_not_compared(change, obstacle, which):
    """Whichever of the two it is, and however large the difference."""
    pair = {"earlier": a_ct(FIRST, 190.0), "later": a_ct(LATER, 30.0)}
    pair[which] = replace(pair[which], **change)

    found = compare(**pair)

    assert (found.obstacle, found.verdict, found.difference_mg_cm3) == (obstacle, None, None)


def test_without_a_value_nothing_is_compared():
    """Nor without a date."""
    assert compare(a_ct(FIRST), a_refusal()).obstacle == "no-value"
    assert compare(a_ct(FIRST), a_ct(None)).obstacle == "no-date"


def test_one_uncalibrated_machine_can_be_compared_with_itself():
    """Proven by serial number or station, at the same tube voltage; the model alone proves nothing."""

    def on(day, **facts):
        acquisition = an_acquisition(study_date=day, **facts)
        return a_ct(day, calibration=UNCALIBRATED, acquisition=acquisition)

    assert compare(on(FIRST, device_serial_number="1"), on(LATER, device_serial_number="1")).obstacle is None
    assert compare(on(FIRST, station_name="CT1"), on(LATER, station_name="CT1")).obstacle is None
    assert compare(on(FIRST), on(LATER)).obstacle == "scanner"
    assert compare(on(FIRST, device_serial_number="1"), on(LATER, device_serial_number="2")).obstacle == "scanner"
    assert compare(on(FIRST, station_name="CT1", kvp=100.0), on(LATER, station_name="CT1")).obstacle == "scanner"
    assert not same_scanner(
        an_acquisition(device_serial_number="1", station_name="CT1"),
        an_acquisition(device_serial_number="2", station_name="CT1"),
    )


values, widths = st.floats(10, 250), st.floats(1, 40)


@given(values, values, widths, widths)
def test_a_change_reads_the_same_from_both_ends(one, other, width, other_width):
    """Exchanged, the difference changes its sign and the verdict its direction."""
    opposite = {"higher": "lower", "lower": "higher", "no-change-shown": "no-change-shown"}
    forth = compare(a_ct(FIRST, one, width), a_ct(LATER, other, other_width))
    back = compare(a_ct(FIRST, other, other_width), a_ct(LATER, one, width))

    assert forth.needed_mg_cm3 == pytest.approx(back.needed_mg_cm3)
    assert forth.verdict == opposite[back.verdict]


@given(values, values, widths, widths, st.floats(1, 3))
def test_less_certain_values_never_show_more_change(one, other, width, other_width, factor):
    """Wider intervals take a larger difference."""
    sure = compare(a_ct(FIRST, one, width), a_ct(LATER, other, other_width))
    unsure = compare(a_ct(FIRST, one, width * factor), a_ct(LATER, other, other_width))
    assume(sure.verdict == "no-change-shown")

    assert unsure.verdict == "no-change-shown"


def test_the_standard_error_is_that_of_the_interval():
    """A 95 % interval spans 3.92 of them."""
    assert standard_error(a_ct(FIRST, half_width=3.92)) == pytest.approx(2.0)
    with pytest.raises(ValueError, match="no interval"):
        standard_error(a_refusal())
    assert LEAST_SIGNIFICANT_FACTOR == 2.77


def test_cts_are_put_in_order_of_time():
    """Those without a value or a date are not part of a trend."""
    late, early, undated = a_ct(LATER), a_ct(FIRST), a_ct(None)

    assert in_order([late, undated, a_refusal(), early]) == (early, late)
