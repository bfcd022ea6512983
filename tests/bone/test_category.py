import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from cds.bone.category import categorise
from cds.bone.contrast import CONTRAST_SHIFT_MG_CM3

values = st.floats(-30, 300).map(lambda v: round(v, 1))
half_widths = st.floats(0.5, 60)
contrasts = st.sampled_from(["none", "enhanced", "unknown"])
ages = st.one_of(st.none(), st.integers(18, 100))


def call(value, *, half_width=5.0, contrast="none", age_years=70, thoracic=False):
    """The category of a value with a symmetric interval."""
    return categorise(
        value, (value - half_width, value + half_width), contrast=contrast, age_years=age_years, thoracic=thoracic
    )


@pytest.mark.parametrize(
    ("value", "category"),
    [
        (-10.0, "osteoporosis-range"),
        (79.9, "osteoporosis-range"),
        (80.0, "low"),
        (100.0, "low"),
        (120.0, "low"),
        (120.1, "normal"),
        (250.0, "normal"),
    ],
)
def test_thresholds_of_qct(value, category):
    """Below 80 osteoporosis range, 80 to 120 low, above 120 normal (ACR QCT)."""
    assert call(value).category == category


@pytest.mark.parametrize("contrast", ["enhanced", "unknown"])
@pytest.mark.parametrize(
    ("value", "category"),
    [
        (40.0, "osteoporosis-range"),
        (79.9, "osteoporosis-range"),
        (80.0, "indeterminate"),
        (104.9, "indeterminate"),
        (105.0, "low"),
        (120.0, "low"),
        (120.1, "indeterminate"),
        (250.0, "indeterminate"),
    ],
)
def test_contrast_rule(contrast, value, category):
    """The uncorrected value is an upper estimate: it may hide osteoporosis and is never normal."""
    assert call(value, contrast=contrast).category == category


@pytest.mark.parametrize(
    ("value", "category"),
    [
        (79.9, "osteoporosis-range"),
        (80.0, "indeterminate"),
        (89.9, "indeterminate"),
        (90.0, "low"),
        (120.0, "low"),
        (121.0, "indeterminate"),
    ],
)
def test_thoracic_estimates_are_never_normal(value, category):
    """Just above 80 a thoracic estimate is indeterminate, above 120 too."""
    assert call(value, thoracic=True).category == category


@given(values, contrasts, half_widths)
def test_under_50_there_is_no_category(value, contrast, half_width):
    """The thresholds are for 50 and over: below, value and interval stand alone, without flags."""
    young = call(value, contrast=contrast, half_width=half_width, age_years=49)

    assert young.category is None
    assert young.flags == ()


def test_at_50_the_thresholds_apply():
    """The 50th birthday counts."""
    assert call(70.0, age_years=50).category == "osteoporosis-range"


def test_an_unknown_age_is_said():
    """Without an age the category is given with the flag age-unknown."""
    unknown = call(60.0, age_years=None)

    assert unknown.category == "osteoporosis-range"
    assert unknown.flags == ("age-unknown",)


def crosses_a_threshold(value, half_width):
    """Whether 80 or 120 lies inside the interval."""
    return any(value - half_width < threshold < value + half_width for threshold in (80, 120))


@given(
    st.sampled_from((80.0, 120.0)),
    st.floats(-0.99, 0.99),
    st.floats(25.01, 80),
    contrasts,
    st.one_of(st.none(), st.integers(50, 100)),
)
def test_a_wide_interval_that_crosses_a_threshold_is_indeterminate(threshold, off, half_width, contrast, age_years):
    """Wider than 50 mg/cm3 and across 80 or 120: no category, whatever the value."""
    value = threshold + off * half_width

    assert call(value, half_width=half_width, contrast=contrast, age_years=age_years).category == "indeterminate"


@given(values, st.floats(25.01, 80))
def test_a_wide_interval_within_one_category_leaves_no_doubt(value, half_width):
    """Wider than 50 mg/cm3 on one side of both thresholds: the category stands."""
    assume(not crosses_a_threshold(value, half_width))

    assert call(value, half_width=half_width).category == call(value, half_width=0.5).category


@given(values, st.floats(0.5, 24.99))
def test_the_category_follows_the_point_value(value, half_width):
    """Unless the interval is too wide, it does not change the category."""
    assert call(value, half_width=half_width).category == call(value, half_width=0.5).category


@given(values, half_widths, contrasts, ages)
def test_contrast_widens_downwards_by_25(value, half_width, contrast, age_years):
    """With contrast the interval is [lower - 25, upper] and called an upper estimate."""
    found = call(value, half_width=half_width, contrast=contrast, age_years=age_years)
    shift = 0.0 if contrast == "none" else CONTRAST_SHIFT_MG_CM3

    assert found.ci95_mg_cm3 == (value - half_width - shift, value + half_width)
    assert found.interval_kind == ("two-sided" if contrast == "none" else "upper-estimate")


@pytest.mark.parametrize(
    ("value", "half_width", "contrast", "flags"),
    [
        (70.0, 9.0, "none", ()),
        (75.0, 6.0, "none", ("near-80",)),
        (85.0, 6.0, "none", ("near-80",)),
        (80.0, 0.5, "none", ("near-80",)),
        (100.0, 24.0, "none", ("near-80", "near-120")),
        (118.0, 5.0, "none", ("near-120",)),
        (140.0, 10.0, "none", ()),
        (100.0, 6.0, "enhanced", ("near-80",)),
        (60.0, 6.0, "enhanced", ()),
    ],
)
def test_thresholds_within_the_interval_are_flagged(value, half_width, contrast, flags):
    """An interval that crosses 80 or 120 says so; the category stays."""
    assert call(value, half_width=half_width, contrast=contrast).flags == flags
