"""Mirrors cds/bone/difference_words.py."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds.bone.difference_words import difference_words
from cds.bone.trend import Comparison
from tests.support.assessments import an_assessment


def words(difference, needed):
    """Signed, and what is needed, as they are written."""
    told = difference_words(Comparison(an_assessment(), an_assessment(), None, difference, needed))
    return told.signed, told.needed


@pytest.mark.parametrize(
    ("difference", "needed", "expected"),
    [
        (-25.0, 9.99, ("\N{MINUS SIGN}25", "10")),
        (-8.3, 7.9, ("\N{MINUS SIGN}8.3", "7.9")),  # both 8, and a change
        (8.3, 8.29, ("+8.3", "8.2")),
        (7.9, 8.3, ("+8", "8")),  # 8 does not exceed 8
        (8.4, 8.44, ("+8", "8")),
        (8.5, 8.6, ("+8", "9")),
        (9.6, 9.7, ("+10", "10")),
        (7.6, 7.4, ("+8", "7")),
        (-0.3, 7.0, ("0", "7")),
        (0.0, 7.0, ("0", "7")),
    ],
)
def test_what_is_written_agrees_with_the_verdict(difference, needed, expected):
    """Whole numbers wherever they say the same as the measured ones, and never minus nought."""
    assert words(difference, needed) == expected


@given(st.integers(-2000, 2000), st.floats(0.5, 120))
def test_a_written_difference_exceeds_what_is_needed_only_if_it_does(tenths, needed):
    """For any difference between two stored values."""
    difference = tenths / 10
    signed, shown = words(difference, needed)

    assert (abs(float(signed.replace("\N{MINUS SIGN}", "-"))) > float(shown)) is (abs(difference) > needed)


def test_what_cannot_be_compared_has_no_difference():
    """It is not worded as none."""
    with pytest.raises(ValueError, match="cannot be compared"):
        difference_words(Comparison(an_assessment(), an_assessment(), "scanner"))
