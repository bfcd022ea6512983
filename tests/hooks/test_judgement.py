import pytest

from cds.hooks.judgement import Presentation, judge
from tests.support.assessments import a_level, a_refusal, an_assessment

CALIBRATED = {"flags": ()}
REACHING = {"ci95_mg_cm3": (60.0, 100.0), "vbmd_mg_cm3": 90.0}
ABOVE = {"ci95_mg_cm3": (95.0, 140.0), "vbmd_mg_cm3": 130.0}


@pytest.mark.parametrize(
    ("assessment", "expected"),
    [
        (an_assessment(category="osteoporosis-range", **CALIBRATED), Presentation("warning", suggest_dxa=True)),
        (
            an_assessment(category="osteoporosis-range", flags=("scanner-not-calibrated",)),
            Presentation("info", suggest_dxa=True),
        ),
        (an_assessment(category="low", **CALIBRATED), Presentation("info", suggest_dxa=True)),
        (an_assessment(category="indeterminate", **REACHING), Presentation("info", suggest_dxa=True)),
        (an_assessment(category="indeterminate", **ABOVE), Presentation("info", once=True)),
        (an_assessment(category="normal", **ABOVE), None),
        (an_assessment(category=None), None),  # under 50
        (a_refusal(), Presentation("info", once=True)),
    ],
)
def test_the_table(assessment, expected):
    """Each kind of result is shown as the table in the module says."""
    assert judge(assessment, show_normal=False) == expected


def test_normal_is_shown_where_the_site_wants_it():
    """A normal result is quiet by default; a site may ask for it as information."""
    assert judge(an_assessment(category="normal", **ABOVE), show_normal=True) == Presentation("info")


@pytest.mark.parametrize("category", ["normal", None])
def test_height_loss_overrides_quiet(category):
    """A density that would stay quiet is shown where a vertebra has lost a quarter of its height."""
    lost = an_assessment(category=category, levels=(a_level(height_loss_percent=25.0),), **ABOVE)

    assert judge(lost, show_normal=False) == Presentation("info")


def test_less_height_loss_stays_quiet():
    """24 % is not shown by itself."""
    less = an_assessment(category="normal", levels=(a_level(height_loss_percent=24.0),), **ABOVE)

    assert judge(less, show_normal=False) is None
