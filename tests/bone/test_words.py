from datetime import date

import pytest
from hypothesis import given

from cds.bone.anatomy import VertebralLevel as Level
from cds.bone.assessment import Contrast
from cds.bone.category import thresholds_within
from cds.bone.words import (
    category_words,
    day_words,
    flag_words,
    fractured_levels,
    interval_words,
    is_estimate,
    levels_are_upper_estimates,
    levels_words,
    mg_words,
    percent_words,
    possible_fractures,
)
from tests.support.assessments import a_height_loss, a_level, a_refusal, an_assessment
from tests.support.hook_strategies import densities


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (72.3, "72"),
        (79.4, "79"),
        (79.7, "79.7"),  # not 80: it is in the range below
        (79.97, "79.9"),
        (80.0, "80"),
        (80.02, "80.1"),
        (119.6, "119.6"),
        (120.0, "120"),
        (120.3, "120.3"),
        (-3.0, "0"),
    ],
)
def test_rounding_never_crosses_a_threshold(value, expected):
    """A number on a card agrees with the category beside it."""
    assert mg_words(value) == expected


@given(densities)
def test_a_shown_number_is_on_the_same_side_as_the_measured_one(value):
    """For every density, shown and measured value lie on the same side of 80 and of 120."""
    shown = float(mg_words(value))

    for edge in (80.0, 120.0):
        assert (shown < edge, shown > edge) == (value < edge, value > edge)


def test_an_interval_is_never_below_zero():
    """The contrast rule subtracts 25 and may pass zero; the card does not."""
    assert interval_words((-12.0, 45.4)) == "0-45"


@given(densities, densities)
def test_a_shown_interval_crosses_the_thresholds_that_the_measured_one_crosses(one, other):
    """What is said of an interval can be read off it: (79.7, 94.6) is not "80-95", and (66, 80.4) is not "66-80"."""
    interval = min(one, other), max(one, other)
    low, high = map(float, interval_words(interval).split("-"))

    assert thresholds_within((low, high)) == thresholds_within(interval)


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        ((Level.L1, Level.L2), "L1-L2"),
        ((Level.L2, Level.L1), "L1-L2"),
        ((Level.T12, Level.L1), "T12-L1"),
        ((Level.T12, Level.L2), "T12, L2"),
        ((Level.L1,), "L1"),
        ((Level.T8, Level.T9, Level.T10), "T8-T10"),
    ],
)
def test_neighbours_are_written_as_a_range(levels, expected):
    """Levels read as a radiologist writes them."""
    assert levels_words(levels) == expected


def test_days():
    """Days are unambiguous in every country."""
    assert day_words(date(2025, 5, 3)) == "3 May 2025"
    assert day_words(None) == "date unknown"


def test_a_flag_without_a_sentence_is_spelt_out():
    """A flag that is new to this table still reaches the reader."""
    assert flag_words("some-new-flag") == "Some new flag."
    assert "upper estimate" in flag_words("contrast-enhanced")


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({"category": "osteoporosis-range"}, "osteoporosis range"),
        ({"category": "low", "probability_osteoporosis_range": 0.09}, "low"),
        ({"category": "low", "probability_osteoporosis_range": None}, "low"),
        ({"category": "low", "probability_osteoporosis_range": 0.10}, "low, osteoporosis range not excluded"),
        ({"category": "normal"}, "above 120"),
        ({"category": "indeterminate", "ci95_mg_cm3": (60.0, 99.0)}, "may lie in the osteoporosis range"),
        ({"category": "indeterminate", "ci95_mg_cm3": (95.0, 140.0)}, "no category possible"),
        ({"category": None}, "no category"),
    ],
)
def test_categories_are_worded_honestly(facts, expected):
    """Never a diagnosis, never an all-clear."""
    assert category_words(an_assessment(**facts)) == expected


@pytest.mark.parametrize(
    ("probability", "expected"),
    [(0.0, "below 1 %"), (0.01, "1 %"), (0.914, "91 %"), (0.99, "99 %"), (0.995, "above 99 %"), (1.0, "above 99 %")],
)
def test_a_probability_is_never_certain(probability, expected):
    """Neither 0 nor 100 % is ever claimed."""
    assert percent_words(probability) == expected


@pytest.mark.parametrize("build", [an_assessment, a_refusal])
def test_a_possible_fracture_is_a_request_to_look(build):
    """One sentence for each level that lost height, measured or not; never a diagnosis."""
    lost = build(height_losses=(a_height_loss(Level.T11, 25.0), a_height_loss(Level.L2, 31.4)))

    assert fractured_levels(lost) == (Level.T11, Level.L2)
    assert possible_fractures(lost) == (
        "T11: 25 % height loss, possible fracture, please look at the images.",
        "L2: 31 % height loss, possible fracture, please look at the images.",
    )


def test_the_height_of_a_measured_level_alone_is_no_possible_fracture():
    """Which levels lost height is decided once, where heights are measured."""
    assert possible_fractures(an_assessment(levels=(a_level(height_loss_percent=60.0),))) == ()


def test_lossy_compression_is_explained():
    """The reader learns why it matters."""
    assert flag_words("lossy-compression") == (
        "The images were compressed with loss, which can change Hounsfield units."
    )


@pytest.mark.parametrize(
    ("levels", "estimate"),
    [((Level.L1, Level.L2), False), ((Level.L1,), True), ((Level.T9, Level.T10), True), ((), False)],
)
def test_a_value_from_other_vertebrae_is_an_estimate(levels, estimate):
    """The value stands for L1 and L2 together."""
    assert is_estimate(an_assessment(levels_used=levels)) is estimate


@pytest.mark.parametrize(("state", "upper"), [("none", False), ("enhanced", True), ("unknown", True)])
def test_vertebrae_are_upper_estimates_unless_contrast_is_excluded(state, upper):
    """Not knowing counts as contrast; whether the patient has a value makes no difference."""
    for build in (an_assessment, a_refusal):
        assert levels_are_upper_estimates(build(contrast=Contrast(state))) is upper
