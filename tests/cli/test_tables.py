"""Mirrors cds/cli/tables.py: what `osteocds assess` shows at a terminal."""

import io

import pytest
from rich.console import Console

from cds.bone.anatomy import VertebralLevel
from cds.cli.tables import assessment_view
from cds.ct.reason import because
from tests.support.assessments import a_height_loss, a_level, a_refusal, an_assessment

NOTICE = "Investigational: not cleared as a medical device."


def shown(assessment):
    """As on a terminal of 100 columns, its lines joined."""
    console = Console(width=100, file=io.StringIO())
    console.print(assessment_view(assessment, NOTICE))
    return " ".join(console.file.getvalue().split())


def test_value_interval_category_and_limits_are_there():
    """The headline first; what it cannot do last."""
    text = shown(an_assessment())

    assert text.startswith(
        "L1 and L2: 70 mg/cm3 (65 to 75, 95 % interval; K2HPO4) osteoporosis range (below 80 mg/cm3)"
    )
    assert text.endswith(f"{NOTICE} It raises suspicion; it cannot rule out low bone density.")


def test_no_number_is_rounded_across_a_threshold():
    """79.7 is below 80, and an interval that begins there crosses 80."""
    text = shown(an_assessment(category="osteoporosis-range", vbmd_mg_cm3=79.7, ci95_mg_cm3=(75.0, 84.4)))

    assert text.startswith("L1 and L2: 79.7 mg/cm3 (75 to 84, ")


@pytest.mark.parametrize("build", [an_assessment, a_refusal])
def test_a_possible_fracture_stands_below_the_headline(build):
    """With or without a value, before the vertebrae."""
    text = shown(build(height_losses=(a_height_loss(),)))

    said = text.index("L1: 31 % height loss, possible fracture, please look at the images.")
    assert said < text.index("To bear in mind") if build is an_assessment else said > text.index("Not assessable")


def test_a_value_from_other_vertebrae_says_what_it_stands_for():
    """T12 and L2 are not what it is about."""
    used = (VertebralLevel.T12, VertebralLevel.L2)

    text = shown(an_assessment(levels=tuple(a_level(level) for level in used), levels_used=used))

    assert text.startswith("L1 and L2, estimated from T12, L2: 70 mg/cm3")


def test_every_flag_is_explained_once_and_every_reason_is_in_words():
    """Those of the result and those of a level."""
    level = a_level(VertebralLevel.L2, flags=("noisy", "streak"), reasons=(because("level-not-needed"),))

    text = shown(an_assessment(levels=(a_level(), level), flags=("noisy",), reasons=(because("level-cut"),)))

    assert text.count("noisy: Image noise widens the interval.") == 1
    assert "streak: Streaks beside dense contrast may lower the reading." in text
    assert "Not needed for the result." in text
    assert "Left out, and why: The vertebra is cut by the edge of the scan." in text


def test_a_refusal_gives_its_reasons_once():
    """Under the headline, with the code that a program would see."""
    text = shown(a_refusal())

    assert text.startswith(
        "Not assessable The slices are 7.5 mm thick; at most 5 mm can be measured. [slices-too-thick]"
    )
    assert text.count("7.5 mm thick") == 1
