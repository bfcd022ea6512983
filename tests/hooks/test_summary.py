from datetime import date

import pytest
from hypothesis import given

from cds.bone.anatomy import VertebralLevel as Level
from cds.bone.assessment import Contrast
from cds.hooks.summary import summary_of
from tests.support.assessments import a_contrast_assessment, a_level, a_refusal, an_acquisition, an_assessment
from tests.support.hook_strategies import assessments

IN_MAY = an_acquisition(study_date=date(2025, 5, 3))


@pytest.mark.parametrize(
    ("assessment", "expected"),
    [
        (
            an_assessment(vbmd_mg_cm3=72.3, ci95_mg_cm3=(66.1, 78.5), acquisition=IN_MAY),
            "Earlier CT (3 May 2025): L1-L2 bone density 72 mg/cm3 (66-79), osteoporosis range; consider DXA",
        ),
        (
            a_contrast_assessment(vbmd_mg_cm3=68.0, ci95_mg_cm3=(33.2, 77.6), acquisition=IN_MAY),
            (
                "Earlier CT (3 May 2025): L1-L2 bone density 68 mg/cm3 (33-78; upper estimate, contrast-enhanced), "
                "osteoporosis range; consider DXA"
            ),
        ),
        (
            a_contrast_assessment(
                category="indeterminate",
                vbmd_mg_cm3=92.0,
                ci95_mg_cm3=(57.0, 101.6),
                acquisition=IN_MAY,
            ),
            (
                "Earlier CT (3 May 2025): L1-L2 bone density 92 mg/cm3 (57-102; upper estimate, contrast-enhanced), "
                "may lie in the osteoporosis range"
            ),
        ),
        (
            a_contrast_assessment(
                category="low",
                probability_osteoporosis_range=0.02,
                vbmd_mg_cm3=110.0,
                ci95_mg_cm3=(82.0, 118.0),
                contrast=Contrast("unknown"),
                acquisition=IN_MAY,
            ),
            (
                "Earlier CT (3 May 2025): L1-L2 bone density 110 mg/cm3 (82-118; upper estimate, contrast not excluded)"
                ", low; consider DXA"
            ),
        ),
        (
            an_assessment(
                category="low",
                probability_osteoporosis_range=0.3,
                vbmd_mg_cm3=84.0,
                ci95_mg_cm3=(77.0, 91.0),
                levels_used=(Level.L1, Level.L3),
                acquisition=IN_MAY,
            ),
            (
                "Earlier CT (3 May 2025): L1-L2 bone density 84 mg/cm3 (77-91 from L1, L3), low, "
                "osteoporosis range not excluded; consider DXA"
            ),
        ),
        (
            an_assessment(category="normal", vbmd_mg_cm3=140.0, ci95_mg_cm3=(130.0, 150.0), acquisition=IN_MAY),
            (
                "Earlier CT (3 May 2025): L1-L2 bone density 140 mg/cm3 (130-150), above 120; "
                "does not rule out osteoporosis"
            ),
        ),
        (a_refusal(acquisition=IN_MAY), "Earlier CT (3 May 2025): bone density could not be assessed"),
        (
            a_refusal(acquisition=an_acquisition(study_date=None)),
            "Earlier CT (date unknown): bone density could not be assessed",
        ),
    ],
)
def test_a_summary_says_what_how_sure_and_what_next(assessment, expected):
    """One line: when, how dense, how sure, which range, what to consider."""
    assert summary_of(assessment) == expected


@given(assessments)
def test_a_summary_is_shorter_than_140_characters(assessment):
    """The standard's limit holds for every result that can be measured."""
    assert 0 < len(summary_of(assessment)) < 140


@given(assessments)
def test_a_summary_never_diagnoses(assessment):
    """No T-score, no probability, no all-clear; "osteoporosis" only as a range or as not ruled out."""
    summary = summary_of(assessment)

    assert "T-score" not in summary
    assert "%" not in summary
    assert "no osteoporosis" not in summary
    left = summary.replace("osteoporosis range", "").replace("does not rule out osteoporosis", "")
    assert "osteoporosis" not in left


@given(assessments)
def test_an_upper_estimate_is_always_called_one(assessment):
    """However much is left out to stay short, a contrast value never passes for a plain one."""
    summary = summary_of(assessment)

    assert ("upper estimate" in summary) == (
        assessment.status == "assessed" and assessment.interval_kind == "upper-estimate"
    )


def test_lost_height_comes_first_over_a_quiet_density():
    """A density above 120 with a lost quarter of height reads as a possible fracture first."""
    lost = an_assessment(
        category="normal",
        vbmd_mg_cm3=131.0,
        ci95_mg_cm3=(120.0, 142.0),
        levels=(a_level(height_loss_percent=31.0),),
    )

    assert summary_of(lost) == (
        "Earlier CT (14 Sep 2025): possible fracture of L1, please look at the images; 131 mg/cm3 (120-142)"
    )
