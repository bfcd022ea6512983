import pytest

from cds.hooks.judgement import Presentation, judge
from tests.support.assessments import a_height_loss, a_level, a_refusal, an_assessment

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


LOST = {"height_losses": (a_height_loss(),)}


@pytest.mark.parametrize(
    ("assessment", "expected"),
    [
        (an_assessment(category="osteoporosis-range", **CALIBRATED, **LOST), Presentation("warning", suggest_dxa=True)),
        (an_assessment(category="low", **CALIBRATED, **LOST), Presentation("info", suggest_dxa=True)),
        (an_assessment(category="indeterminate", **REACHING, **LOST), Presentation("info", suggest_dxa=True)),
        (an_assessment(category="indeterminate", **ABOVE, **LOST), Presentation("info")),
        (an_assessment(category="normal", **ABOVE, **LOST), Presentation("info")),
        (an_assessment(category=None, **LOST), Presentation("info")),
        (a_refusal(**LOST), Presentation("info")),
    ],
)
@pytest.mark.parametrize("show_normal", [False, True])
def test_a_possible_fracture_is_shown_every_time(assessment, expected, show_normal):
    """Never quiet and never once; loudness and DXA stay as the density has them."""
    assert judge(assessment, show_normal=show_normal) == expected


def test_the_height_of_measured_levels_alone_shows_nothing():
    """What counts as lost was decided where heights are measured, not here."""
    measured = an_assessment(category="normal", levels=(a_level(height_loss_percent=30.0),), **ABOVE)

    assert judge(measured, show_normal=False) is None
