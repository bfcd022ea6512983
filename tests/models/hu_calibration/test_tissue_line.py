"""The line through two tissues, for comparison."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.hu_calibration.tissue_line import TissuePoint, line_through

slopes = st.floats(0.9, 2.6)


@given(slopes)
def test_as_expected_it_is_the_given_slope(slope):
    """Air and blood that read as expected lie on the slope from physics."""
    assert line_through(TissuePoint(-1000, -1000), TissuePoint(42, 42), slope) == pytest.approx((slope, 0.0))


@given(slopes, st.floats(-5, 5))
def test_an_offset_of_all_is_found(slope, offset_hu):
    """Where both read as much more, the line has that offset."""
    line = line_through(TissuePoint(-102 + offset_hu, -102), TissuePoint(40 + offset_hu, 40), slope)

    assert line == pytest.approx((slope, offset_hu), abs=1e-9)


def test_fatty_muscle_raises_the_reading():
    """10 HU less of muscle read 11 mg/cm3 too much where bone is thin: why no such line calibrates here."""
    slope, offset_hu = line_through(TissuePoint(-102, -102), TissuePoint(30, 40), 1.287)
    bone_hu = 80 * 1.287

    assert (bone_hu - offset_hu) / slope - 80 == pytest.approx(11, abs=1.5)


def test_tissues_that_read_alike_make_no_line():
    """Muscle of nothing but fat gives no calibration instead of a steep one."""
    assert line_through(TissuePoint(-102, -102), TissuePoint(-60, 40), 1.287) is None
